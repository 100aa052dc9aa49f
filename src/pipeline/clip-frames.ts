import { type Float32Tensor, float32Tensor } from '../core/tensor.js';

/** Some frames of one clip `[1, channels, frames, height, width]`, in the order given. */
export function pickFrames(clip: Float32Tensor, frames: readonly number[]): Float32Tensor {
  const [, channels = 0, count = 0, height = 0, width = 0] = clip.shape;
  const pixels = height * width;
  const out = new Float32Array(channels * frames.length * pixels);
  for (let channel = 0; channel < channels; channel++) {
    for (const [index, frame] of frames.entries()) {
      const from = (channel * count + frame) * pixels;
      out.set(clip.data.subarray(from, from + pixels), (channel * frames.length + index) * pixels);
    }
  }
  return float32Tensor(out, [1, channels, frames.length, height, width]);
}

/** Rows of the first axis, in the order given: `[n, …]` to `[rows, …]`. */
export function pickRows(tensor: Float32Tensor, rows: readonly number[]): Float32Tensor {
  const [count = 1, ...rest] = tensor.shape;
  const size = tensor.data.length / count;
  const out = new Float32Array(rows.length * size);
  for (const [index, row] of rows.entries()) {
    out.set(tensor.data.subarray(row * size, (row + 1) * size), index * size);
  }
  return float32Tensor(out, [rows.length, ...rest]);
}
