import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { concatBytes } from './bytes.js';
import { changedRectangle, crop, type Rectangle } from './changed-rectangle.js';
import { eachFrame } from './each-frame.js';
import { type EncodeOptions, encodeFields, type ResolvedEncodeOptions } from './encode-options.js';
import { checkFrames, type Frame, isOpaque } from './frame.js';
import { frameDelays } from './frame-delays.js';
import { compressPixels, maxPngSide, pngHeader } from './png.js';
import { bigEndian, pngChunk, pngSignature } from './png-chunk.js';

/**
 * Frames as an animated PNG: lossless, and what does not change from one frame to the next is stored once. Programs
 * that know no APNG show the first frame. Layout: PNG specification, third edition, §11.3.2.
 *
 * @returns The file's bytes (`image/apng`; `image/png` is valid as well).
 * @throws `invalid-options` for bad options or frames, see `checkFrames`.
 */
export async function encodeApng(frames: readonly Frame[], options?: EncodeOptions): Promise<Uint8Array> {
  const resolved = checkOptions<ResolvedEncodeOptions>(z.strictObject(encodeFields()), options, 'encodeApng');
  const size = checkFrames(frames, 'APNG', maxPngSide);
  // The delay is a fraction whose denominator has 16 bits. Milliseconds suit every rate.
  const delays = frameDelays(frames.length, resolved.fps, {
    format: 'APNG',
    perSecond: 1000,
    min: 1,
    max: 65535,
  });
  const channels = frames.every(isOpaque) ? 3 : 4;
  const chunks = [
    Uint8Array.from(pngSignature),
    pngHeader(size, channels),
    // acTL: number of frames, number of plays (0: for ever).
    pngChunk(
      'acTL',
      bigEndian([
        [4, frames.length],
        [4, resolved.loop],
      ]),
    ),
  ];
  // fcTL and fdAT chunks are numbered in one common sequence. The first frame's pixels are the IDAT of the still image.
  let sequence = 0;
  await eachFrame(frames, resolved, async (frame, index) => {
    const before = frames[index - 1];
    const area = before === undefined ? { x: 0, y: 0, ...size } : changedRectangle(before, frame);
    const pixels = await compressPixels(before === undefined ? frame : crop(frame, area), channels);
    chunks.push(frameControl(sequence++, area, delays[index] ?? 0));
    if (before === undefined) chunks.push(pngChunk('IDAT', pixels));
    else chunks.push(pngChunk('fdAT', concatBytes([bigEndian([[4, sequence++]]), pixels])));
  });
  return concatBytes([...chunks, pngChunk('IEND', new Uint8Array(0))]);
}

// Disposal 0 leaves the canvas as it is, blend 0 replaces pixels, alpha included.
function frameControl(sequence: number, area: Rectangle, milliseconds: number): Uint8Array {
  return pngChunk(
    'fcTL',
    bigEndian([
      [4, sequence],
      [4, area.width],
      [4, area.height],
      [4, area.x],
      [4, area.y],
      [2, milliseconds],
      [2, 1000],
      [1, 0],
      [1, 0],
    ]),
  );
}
