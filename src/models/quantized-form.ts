import { elementCount } from '../core/tensor.js';
import { blockSize, type WeightBits } from '../onnx/quantized-linear.js';
import type { Quantization } from './quantization.js';

/** How a quantised matrix is stored: in blocks, or in columns of so many pieces one after the other. */
export type QuantizedForm =
  | { readonly kind: 'blocks'; readonly bits: WeightBits }
  | { readonly kind: 'columns'; readonly pieces: number };

/** One of the two tensors that a quantised matrix is stored as. */
export interface QuantizedPart {
  /** Name of the matrix itself. */
  readonly name: string;
  readonly form: QuantizedForm;
  readonly part: 'weight' | 'scales';
}

/** Names under which a matrix is stored; they differ by form, so that kept blobs of several forms do too. */
export function quantizedNames(
  name: string,
  form: QuantizedForm,
): { readonly weight: string; readonly scales: string } {
  const ending = form.kind === 'blocks' ? `q${form.bits}` : `i8x${form.pieces}`;
  return { weight: `${name}:${ending}`, scales: `${name}:${ending}:scales` };
}

/** What {@link quantizedNames} made of which matrix; `undefined` for all other names. */
export function quantizedPart(name: string): QuantizedPart | undefined {
  const [, matrix, ending, count, scales] = /^(.*):(q|i8x)(\d+)(:scales)?$/.exec(name) ?? [];
  if (matrix === undefined) return undefined;
  const form: QuantizedForm =
    ending === 'q'
      ? { kind: 'blocks', bits: Number(count) as WeightBits }
      : { kind: 'columns', pieces: Number(count) };
  return { name: matrix, form, part: scales === undefined ? 'weight' : 'scales' };
}

/** Elements below which a matrix takes no memory worth a rounding. */
const fewElements = 2 ** 12;

/**
 * How a matrix `[out, in]` is stored; `undefined`: as all other weights. Sensitive ones are what transformers take in
 * and give out, and the time's shifts: they make most of the error and have a tenth of the weights, so they get 8 bits
 * instead of 4, and floats instead of rows with one scale.
 */
export function formOf(
  quantization: Quantization,
  shape: readonly [number, number],
  { pieces, sensitive }: { readonly pieces: number; readonly sensitive: boolean },
): QuantizedForm | undefined {
  if (shape[1] % blockSize !== 0 || elementCount(shape) < fewElements) return undefined;
  if (quantization !== 'int8-dynamic')
    return { kind: 'blocks', bits: quantization === 'int4' && !sensitive ? 4 : 8 };
  return sensitive ? undefined : { kind: 'columns', pieces };
}
