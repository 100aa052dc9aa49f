import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import type { Frame } from './frame.js';
import { isGif } from './gif-reader.js';
import { keepGif } from './keep-gif.js';
import { type KeptFrames, keptFrames } from './kept-frames.js';
import { type DrawnPicture, picturePixels } from './picture-pixels.js';
import { type ReadFramesOptions, type ResolvedReadOptions, readFields } from './read-options.js';

/** A picture on a page: an `<img>`, `ImageBitmap`, canvas, `VideoFrame` or `ImageData`, or a `Blob` or `File` with one. */
export type PictureSource = DrawnPicture | Frame | Blob;

/**
 * Frames of pictures on a page, to animate them, in the order given. A `Blob` with an animated GIF gives all its frames,
 * every other source one. Pictures of other origins must be loaded with CORS, since their pixels are read.
 * @throws `invalid-options` for wrong options and what is no picture; `weights-format` for a picture that is broken or
 * whose pixels may not be read; `unsupported` for what is too large; or the signal's reason.
 */
export async function framesOf(
  source: PictureSource | readonly PictureSource[],
  options?: ReadFramesOptions | undefined,
): Promise<Frame[]> {
  const resolved = checkOptions<ResolvedReadOptions>(z.strictObject(readFields()), options, 'framesOf');
  const sources = Array.isArray(source) ? (source as readonly PictureSource[]) : [source as PictureSource];
  const kept = keptFrames('framesOf', resolved);
  for (const [index, each] of sources.entries()) {
    resolved.signal?.throwIfAborted();
    await readSource(each, `picture ${index}`, resolved, kept);
    if (kept.full) break;
  }
  return [...kept.frames];
}

async function readSource(
  source: PictureSource,
  name: string,
  options: ResolvedReadOptions,
  kept: KeptFrames,
): Promise<void> {
  if (typeof source !== 'object' || source === null) {
    throw new AnimateDiffError('invalid-options', `framesOf: ${name} is ${String(source)}, not a picture`);
  }
  if (!isBlob(source)) return kept.keep(picturePixels(source, name, options.maxPixels));
  const bytes = new Uint8Array(await source.arrayBuffer());
  if (isGif(bytes)) return keepGif(bytes, name, options, kept);
  const bitmap = await createImageBitmap(source).catch((cause: Error) => {
    throw new AnimateDiffError('weights-format', `${name} cannot be read: ${cause.message}`, { cause });
  });
  try {
    kept.keep(picturePixels(bitmap, name, options.maxPixels));
  } finally {
    bitmap.close();
  }
}

// Not `instanceof`: a picture may come from another realm, such as an iframe.
function isBlob(source: object): source is Blob {
  return 'arrayBuffer' in source && 'type' in source;
}
