import type { Frame } from '../media.js';

/** A frame with each pixel repeated `factor` times in both directions. */
export function enlarge(frame: Frame, factor: number): Frame {
  if (factor === 1) return frame;
  const { width, height, data } = frame;
  const from = new Uint32Array(data.slice().buffer);
  const wide = width * factor;
  const to = new Uint32Array(wide * height * factor);
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < wide; x++) to[y * wide + x] = from[row + Math.floor(x / factor)]!;
  }
  return { width: wide, height: height * factor, data: new Uint8ClampedArray(to.buffer) };
}
