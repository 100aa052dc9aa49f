import { concatBytes } from './bytes.js';
import { zlibDeflate } from './deflate.js';
import { checkFrame, type Frame, type FrameSize, isOpaque } from './frame.js';
import { bigEndian, pngChunk, pngSignature } from './png-chunk.js';
import { filterScanlines, type PngChannels } from './png-filter.js';

/** Longest side of a PNG that is also a valid `Frame` in every runtime, in pixels. The format itself allows 2³¹ − 1. */
export const maxPngSide = 65535;

/** Options of {@link encodePng}. */
export interface PngOptions {
  /** Rejects with `signal.reason` when it fires before the work begins. */
  signal?: AbortSignal | undefined;
}

/**
 * One frame as a PNG file: 8 bits a channel, lossless, with an alpha channel only when some pixel is not opaque.
 *
 * @throws `invalid-options` when the frame's size and data disagree.
 */
export async function encodePng(frame: Frame, options: PngOptions = {}): Promise<Uint8Array> {
  options.signal?.throwIfAborted();
  checkFrame(frame, 'PNG: the frame', maxPngSide);
  const channels = isOpaque(frame) ? 3 : 4;
  return concatBytes([
    Uint8Array.from(pngSignature),
    pngHeader(frame, channels),
    pngChunk('IDAT', await compressPixels(frame, channels)),
    pngChunk('IEND', new Uint8Array(0)),
  ]);
}

/** The IHDR chunk: 8 bits a channel, RGB or RGBA, not interlaced (PNG specification §11.2.1). */
export function pngHeader({ width, height }: FrameSize, channels: PngChannels): Uint8Array {
  const colourType = channels === 3 ? 2 : 6;
  return pngChunk(
    'IHDR',
    bigEndian([
      [4, width],
      [4, height],
      [1, 8],
      [1, colourType],
      [1, 0],
      [1, 0],
      [1, 0],
    ]),
  );
}

/** A frame's pixels as the content of IDAT or fdAT: filtered scanlines in one zlib stream. */
export function compressPixels(frame: Frame, channels: PngChannels): Promise<Uint8Array> {
  return zlibDeflate(filterScanlines(frame, channels));
}
