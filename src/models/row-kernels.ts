import { yieldToEventLoop } from '../core/yield.js';
import type { WeightReader } from './weight-bytes.js';

const ending = ':rows';

/** Kernels transformed at a time: a few milliseconds, so that an application's event loop stays live while it loads. */
const sliceKernels = 2 ** 17;

/** Name under which the row kernels of a convolution's weight are stored. */
export function rowKernelsName(name: string): string {
  return name + ending;
}

/** Weights with the row kernels of each, which {@link rowKernelsName} names. */
export function withRowKernels(source: WeightReader): WeightReader {
  return {
    async read(name, options) {
      if (!name.endsWith(ending)) return source.read(name, options);
      const weight = await source.read(name.slice(0, -ending.length), options);
      return rowKernels(weight, options?.signal);
    },
    readFloat16: async (name, options) =>
      name.endsWith(ending) ? undefined : source.readFloat16?.(name, options),
  };
}

/**
 * The four kernels of one row, `[4, out, in, 1, 3]`, that stand for kernels of 3×3, `[out, in, 3, 3]`, in a convolution
 * that makes two rows at a time: the first row, half of the sum of all with the middle one added and taken away, the
 * last row. Winograd's G of F(2, 3) (Lavin and Gray 2016, section 4.1).
 */
export async function rowKernels(weight: Float32Array, signal?: AbortSignal): Promise<Float32Array> {
  const kernels = weight.length / 9;
  const size = 3 * kernels;
  const out = new Float32Array(4 * size);
  for (let start = 0; start < kernels; start += sliceKernels) {
    const end = Math.min(kernels, start + sliceKernels);
    for (let kernel = start; kernel < end; kernel++) {
      for (let column = 0; column < 3; column++) {
        const from = 9 * kernel + column;
        const to = 3 * kernel + column;
        const first = weight[from]!;
        const middle = weight[from + 3]!;
        const last = weight[from + 6]!;
        out[to] = first;
        out[to + size] = (first + middle + last) / 2;
        out[to + 2 * size] = (first - middle + last) / 2;
        out[to + 3 * size] = last;
      }
    }
    if (end < kernels) await yieldToEventLoop();
    signal?.throwIfAborted();
  }
  return out;
}
