import { AnimateDiffError } from '../core/errors.js';
import { ascii, concatBytes } from './bytes.js';
import type { Rectangle } from './changed-rectangle.js';
import type { FrameSize } from './frame.js';

// Layout: "WebP Container Specification" and RFC 9649. Numbers are little-endian, chunks are padded to even sizes.

/** One frame of an animated WebP. */
export interface WebpFrame {
  /** Where the picture goes on the canvas, in pixels. `x` and `y` are even: the file stores half of them. */
  readonly area: Rectangle;
  /** How long it is shown, in milliseconds. */
  readonly milliseconds: number;
  /** A whole still WebP file of the area's size. */
  readonly still: Uint8Array;
}

/** What the header of an animated WebP says. */
export interface WebpAnimation extends FrameSize {
  /** Number of plays; 0 is for ever. */
  readonly loop: number;
  /** Whether any frame has pixels that are not opaque. */
  readonly alpha: boolean;
}

/** Puts still WebP files together as one animated file. Every frame replaces the pixels of its area. */
export function muxWebp(animation: WebpAnimation, frames: readonly WebpFrame[]): Uint8Array {
  const { width, height, loop, alpha } = animation;
  const hasAnimation = 0x02;
  const flags = hasAnimation | (alpha ? 0x10 : 0);
  return riff([
    chunk('VP8X', littleEndian([4, flags], [3, width - 1], [3, height - 1])),
    // Background colour (transparent; players ignore it) and loop count.
    chunk('ANIM', littleEndian([4, 0], [2, loop])),
    ...frames.map(animationFrame),
  ]);
}

function animationFrame({ area, milliseconds, still }: WebpFrame): Uint8Array {
  const replacePixels = 0x02;
  const header = littleEndian(
    [3, area.x / 2],
    [3, area.y / 2],
    [3, area.width - 1],
    [3, area.height - 1],
    [3, milliseconds],
    [1, replacePixels],
  );
  return chunk('ANMF', concatBytes([header, ...imageChunks(still)]));
}

/**
 * The chunks of a still WebP file that hold its picture: `VP8L`, or `VP8 ` with an `ALPH` before it when there is
 * alpha. Padding is included.
 *
 * @throws `backend` when the encoder gave something else.
 */
export function imageChunks(still: Uint8Array): Uint8Array[] {
  const view = new DataView(still.buffer, still.byteOffset, still.byteLength);
  const found: Uint8Array[] = [];
  for (let offset = 12; offset + 8 <= still.length; ) {
    const size = view.getUint32(offset + 4, true);
    const end = offset + 8 + size + (size % 2);
    const type = String.fromCharCode(...still.subarray(offset, offset + 4));
    if (end > still.length) break;
    if (type === 'ALPH' || type === 'VP8 ' || type === 'VP8L') found.push(still.subarray(offset, end));
    offset = end;
  }
  if (found.length === 0) {
    throw new AnimateDiffError(
      'backend',
      `the WebP encoder returned ${still.length} bytes without a picture`,
    );
  }
  return found;
}

function riff(chunks: readonly Uint8Array[]): Uint8Array {
  return chunk('RIFF', concatBytes([ascii('WEBP'), ...chunks]));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  return concatBytes([ascii(type), littleEndian([4, data.length]), data, new Uint8Array(data.length % 2)]);
}

function littleEndian(...fields: readonly (readonly [size: 1 | 2 | 3 | 4, value: number])[]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([size, value]) =>
      Array.from({ length: size }, (_, byte) => (value >>> (8 * byte)) & 255),
    ),
  );
}
