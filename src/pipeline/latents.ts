import { type Float32Tensor, float32Tensor } from '../core/tensor.js';

/** Channels of frame `index` of one clip `[1, channels, frames, height, width]`, as `[1, channels, height, width]`, times `factor`. */
export function latentFrame(latents: Float32Tensor, index: number, factor: number): Float32Tensor {
  const [, channels = 0, frames = 0, height = 0, width = 0] = latents.shape;
  const pixels = height * width;
  const out = new Float32Array(channels * pixels);
  for (let channel = 0; channel < channels; channel++) {
    const from = (channel * frames + index) * pixels;
    for (let i = 0; i < pixels; i++) out[channel * pixels + i] = latents.data[from + i]! * factor;
  }
  return float32Tensor(out, [1, channels, height, width]);
}

/** Entry `index` of the first axis, as a view: `[n, …]` to `[1, …]`. */
export function entry(tensor: Float32Tensor, index: number): Float32Tensor {
  const [count = 1, ...rest] = tensor.shape;
  const size = tensor.data.length / count;
  return float32Tensor(tensor.data.subarray(index * size, (index + 1) * size), [1, ...rest]);
}
