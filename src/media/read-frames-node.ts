import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import { decodeJpeg } from './decode-jpeg-node.js';
import { decodePng, isPng } from './decode-png.js';
import { ffmpegFrames } from './ffmpeg-frames-node.js';
import type { Frame } from './frame.js';
import { isGif } from './gif-reader.js';
import { isJpeg } from './jpeg-facts.js';
import { keepGif } from './keep-gif.js';
import { type KeptFrames, keptFrames } from './kept-frames.js';
import { type ReadFramesOptions, type ResolvedReadOptions, readFields } from './read-options.js';

/** Options of {@link readFrames}. */
export interface ReadFilesOptions extends ReadFramesOptions {
  /** Path to the ffmpeg program, for all but PNG, JPEG and GIF. Default: `ffmpeg` on the PATH. */
  ffmpeg?: string | undefined;
}

interface ResolvedOptions extends ResolvedReadOptions {
  readonly ffmpeg: string;
}

/** Longest PNG, JPEG or GIF that is read, in bytes: as a whole, into memory. */
const longestFile = 2 ** 29;

/**
 * Reads frames, to animate them: a PNG or JPEG file (one frame), an animated GIF, a video of any kind that ffmpeg reads,
 * a folder of PNGs and JPEGs in natural order (`2.png` before `10.png`), or a list of files. What a file is tells its
 * content, not its name. Frames of one call may differ in size unless `width` and `height` are given.
 * @throws `invalid-options` for wrong options and paths that lead to nothing; `weights-format` that names the file when
 * it is broken or cut short; `unsupported` for what is too large, or needs an ffmpeg that is not there; or the signal's
 * reason.
 */
export async function readFrames(
  path: string | readonly string[],
  options?: ReadFilesOptions | undefined,
): Promise<Frame[]> {
  const schema = z.strictObject({
    ...readFields(),
    ffmpeg: z._default(z.string().check(z.minLength(1)), 'ffmpeg'),
  });
  const resolved = checkOptions<ResolvedOptions>(schema, options, 'readFrames');
  const kept = keptFrames(typeof path === 'string' ? path : 'readFrames', resolved);
  for (const file of await filesAt(path)) {
    resolved.signal?.throwIfAborted();
    await readFileFrames(file, resolved, kept);
    if (kept.full) break;
  }
  return [...kept.frames];
}

async function filesAt(path: string | readonly string[]): Promise<readonly string[]> {
  if (typeof path !== 'string') {
    const good = Array.isArray(path) && path.length > 0 && path.every((each) => typeof each === 'string');
    return good ? path : invalid('readFrames: expected a path, or a list of at least one');
  }
  const facts = await stat(path).catch((cause: Error) => unreadable(path, cause));
  if (!facts.isDirectory()) return [path];
  const order = new Intl.Collator('en', { numeric: true });
  const names = (await readdir(path))
    .filter((name) => /^[^.].*\.(png|jpe?g)$/i.test(name))
    .sort(order.compare);
  if (names.length === 0) invalid(`readFrames: the folder ${path} holds no .png, .jpg or .jpeg file`);
  return names.map((name) => join(path, name));
}

async function readFileFrames(path: string, options: ResolvedOptions, kept: KeptFrames): Promise<void> {
  const { maxPixels, signal } = options;
  const start = await startOf(path);
  if (isPng(start)) return kept.keep(await decodePng(await whole(path, signal), path, maxPixels));
  if (isJpeg(start)) return kept.keep(await decodeJpeg(await whole(path, signal), path, maxPixels));
  if (isGif(start)) return keepGif(await whole(path, signal), path, options, kept);
  const left = options.maxFrames - kept.frames.length;
  const { ffmpeg, fps } = options;
  await ffmpegFrames({ path, ffmpeg, fps, maxPixels, maxFrames: left, signal }, (frame) => {
    kept.keep(frame);
    return !kept.full;
  });
}

/** The first bytes, which tell what a file is. */
async function startOf(path: string): Promise<Uint8Array> {
  const facts = await stat(path).catch((cause: Error) => unreadable(path, cause));
  // A pipe or a device could be waited for for ever.
  if (!facts.isFile()) invalid(`readFrames: ${path} is no file`);
  const file = await open(path).catch((cause: Error) => unreadable(path, cause));
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(16), 0, 16, 0);
    if (bytesRead === 0) invalid(`readFrames: ${path} is empty`);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function whole(path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > longestFile) {
    throw new AnimateDiffError(
      'unsupported',
      `${path} has ${size} bytes; pictures of up to ${longestFile} are read`,
    );
  }
  const bytes = await readFile(path, { signal }).catch((cause: Error) => {
    signal?.throwIfAborted();
    return unreadable(path, cause);
  });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unreadable(path: string, cause: Error): never {
  throw new AnimateDiffError('invalid-options', `readFrames: ${path} cannot be read: ${cause.message}`, {
    cause,
  });
}

function invalid(message: string): never {
  throw new AnimateDiffError('invalid-options', message);
}
