import type { Frame } from './frame.js';

/**
 * The frame with its last column and row repeated where a side is odd. Video with halved colour resolution (4:2:0) has
 * even sides; a repeated edge is invisible where a black one would be seen. An even frame is returned as it is.
 */
export function toEvenSize(frame: Frame): Frame {
  const width = frame.width + (frame.width % 2);
  const height = frame.height + (frame.height % 2);
  if (width === frame.width && height === frame.height) return frame;
  const data = new Uint8ClampedArray(width * height * 4);
  const sourceBytes = frame.width * 4;
  for (let y = 0; y < height; y++) {
    const from = Math.min(y, frame.height - 1) * sourceBytes;
    data.set(frame.data.subarray(from, from + sourceBytes), y * width * 4);
    if (width > frame.width) {
      data.set(frame.data.subarray(from + sourceBytes - 4, from + sourceBytes), (y + 1) * width * 4 - 4);
    }
  }
  return { width, height, data };
}
