import { yieldToEventLoop } from '../core/yield.js';
import { type RowForm, rowForms } from '../onnx/row-form.js';
import type { WeightReader } from './weight-bytes.js';

const ending = ':rows';

/** Kernels transformed at a time: a few milliseconds, so that an application's event loop stays live while it loads. */
const sliceKernels = 2 ** 17;

/** Name under which the row kernels of a convolution's weight are stored. */
export function rowKernelsName(name: string, { rows }: RowForm): string {
  return `${name}${ending}${rows}`;
}

/** Weights with the row kernels of each, which {@link rowKernelsName} names. */
export function withRowKernels(source: WeightReader): WeightReader {
  const formOf = (name: string): RowForm | undefined =>
    Object.values(rowForms).find(({ rows }) => name.endsWith(`${ending}${rows}`));
  return {
    async read(name, options) {
      const form = formOf(name);
      if (form === undefined) return source.read(name, options);
      const weight = await source.read(name.slice(0, name.lastIndexOf(ending)), options);
      return rowKernels(weight, form, options?.signal);
    },
    readFloat16: async (name, options) => (formOf(name) ? undefined : source.readFloat16?.(name, options)),
  };
}

/**
 * The kernels of one row, `[products, out, in, 1, 3]`, that stand for kernels of 3×3, `[out, in, 3, 3]`, in a convolution
 * that makes several rows at a time.
 */
export async function rowKernels(
  weight: Float32Array,
  { kernels: factors }: RowForm,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const kernels = weight.length / 9;
  const size = 3 * kernels;
  const out = new Float32Array(factors.length * size);
  for (let start = 0; start < kernels; start += sliceKernels) {
    const end = Math.min(kernels, start + sliceKernels);
    for (const [product, [first, middle, last]] of factors.entries()) {
      for (let kernel = start; kernel < end; kernel++) {
        for (let column = 0; column < 3; column++) {
          const from = 9 * kernel + column;
          out[product * size + 3 * kernel + column] =
            first * weight[from]! + middle * weight[from + 3]! + last * weight[from + 6]!;
        }
      }
    }
    if (end < kernels) await yieldToEventLoop();
    signal?.throwIfAborted();
  }
  return out;
}
