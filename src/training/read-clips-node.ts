import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AnimateDiffError } from '../core/errors.js';
import { type ReadFilesOptions, readFrames } from '../media/read-frames-node.js';
import type { TrainingClip } from './clip.js';

/** Most bytes of a caption that are read. */
const longestCaption = 2 ** 16;

/**
 * Reads the clips of a folder: each GIF, video or folder of PNGs and JPEGs in it, in natural order, with its caption in a
 * text file of the same name beside it (`cat.gif` and `cat.txt`; `cat/` and `cat.txt`). What ffmpeg has to read needs it on
 * the PATH.
 * @param folder Its path.
 * @param options How frames are read: `width` and `height` bring all clips to one size.
 * @throws `invalid-options` for a folder without clips, or a clip without a caption; and what `readFrames` throws.
 */
export async function readTrainingClips(folder: string, options?: ReadFilesOptions): Promise<TrainingClip[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) =>
    invalid(`${folder} cannot be read: ${cause.message}`, cause),
  );
  const order = new Intl.Collator('en', { numeric: true });
  const found = entries
    .filter(
      (entry) => !entry.name.startsWith('.') && (entry.isDirectory() || /\.(?!txt$)\w+$/i.test(entry.name)),
    )
    .sort((a, b) => order.compare(a.name, b.name));
  if (found.length === 0) invalid(`${folder} holds no clips: GIFs, videos or folders of pictures`);
  const clips: TrainingClip[] = [];
  for (const entry of found) {
    const { name } = entry;
    const stem = entry.isDirectory() ? name : name.slice(0, -extname(name).length);
    const caption = await captionOf(join(folder, `${stem}.txt`), name);
    clips.push({ name, caption, frames: await readFrames(join(folder, name), options) });
  }
  return clips;
}

async function captionOf(path: string, clip: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: Error) =>
    invalid(`the caption of ${clip} cannot be read: ${cause.message}; write it to ${path}`, cause),
  );
  if (bytes.byteLength > longestCaption)
    invalid(`${path} has ${bytes.byteLength} bytes: too long for a caption`);
  return bytes.toString('utf8').trim();
}

function invalid(message: string, cause?: Error): never {
  throw new AnimateDiffError('invalid-options', `readTrainingClips: ${message}`, { cause });
}
