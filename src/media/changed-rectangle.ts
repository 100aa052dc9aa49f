import type { Frame } from './frame.js';

/** A part of a frame, in pixels from its top left. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The smallest rectangle outside of which two frames of one size are equal. Where nothing changed it is a single pixel,
 * since no container can hold an empty frame.
 *
 * @param grid `x` and `y` are rounded down to multiples of it; WebP stores half offsets, so needs 2. Default 1.
 */
export function changedRectangle(before: Frame, after: Frame, grid = 1): Rectangle {
  const a = words(before);
  const b = words(after);
  const { width, height } = after;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (a[i] === b[i]) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0) return { x: 0, y: 0, width: 1, height: 1 };
  left -= left % grid;
  top -= top % grid;
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** The rectangle's pixels as a frame of their own. */
export function crop(frame: Frame, area: Rectangle): Frame {
  const data = new Uint8ClampedArray(area.width * area.height * 4);
  for (let row = 0; row < area.height; row++) {
    const start = ((area.y + row) * frame.width + area.x) * 4;
    data.set(frame.data.subarray(start, start + area.width * 4), row * area.width * 4);
  }
  return { width: area.width, height: area.height, data };
}

// Pixels as 32-bit words compare four times faster. A view that starts off a word boundary has to be copied first.
function words(frame: Frame): Uint32Array {
  const data = frame.data.byteOffset % 4 === 0 ? frame.data : frame.data.slice();
  return new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
}
