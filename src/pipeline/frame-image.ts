import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import type { Frame } from '../media/frame.js';

/** The decoder's image `[1, 3, height, width]`, -1 to 1, as `[3, height, width]`, cut to 0 to 1. */
export function imagePixels(image: Float32Tensor): Float32Tensor {
  const pixels = image.data.map((value) => Math.min(1, Math.max(0, value / 2 + 0.5)));
  return float32Tensor(pixels, image.shape.slice(1));
}

/** Pixels `[3, height, width]` in 0 to 1 as an opaque RGBA frame, rounded to the nearest byte. */
export function frameOfPixels({ data, shape }: Float32Tensor): Frame {
  const [, height = 0, width = 0] = shape;
  const plane = height * width;
  const rgba = new Uint8ClampedArray(4 * plane);
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++) rgba[4 * i + channel] = 255 * data[channel * plane + i]!;
    rgba[4 * i + 3] = 255;
  }
  return { width, height, data: rgba };
}
