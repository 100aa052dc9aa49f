import { float32ToFloat16 } from '../core/half.js';
import type { Placement } from '../onnx/weight-layout.js';
import { type QuantizedMatrix, quantizeBlocks } from './quantize-blocks.js';
import { quantizeColumns } from './quantize-columns.js';
import { type QuantizedForm, type QuantizedPart, quantizedPart } from './quantized-form.js';
import type { WeightReader } from './weight-bytes.js';

/** Gives the bytes of a quantised matrix's tensors; `undefined` for all other names. */
export type QuantizedReader = (
  tensor: Pick<Placement, 'name' | 'type'>,
  signal: AbortSignal | undefined,
) => Promise<Uint8Array> | undefined;

/**
 * Quantises matrices when they are asked for. Weight and scales of one lie beside each other and are read one after the
 * other, so what the second asks for is kept until then.
 * @param shape Of the matrices themselves.
 */
export function quantizedReader(
  source: Pick<WeightReader, 'read'>,
  shape: (name: string) => readonly number[] | undefined,
): QuantizedReader {
  let kept: { readonly name: string; readonly form: string; readonly matrix: QuantizedMatrix } | undefined;

  async function matrixOf({ name, form }: QuantizedPart, signal?: AbortSignal): Promise<QuantizedMatrix> {
    const key = JSON.stringify(form);
    const known = kept;
    kept = undefined;
    if (known?.name === name && known.form === key) return known.matrix;
    const matrix = await quantized(await source.read(name, { signal }), form, shape(name), signal);
    kept = { name, form: key, matrix };
    return matrix;
  }

  return (tensor, signal) => {
    const part = quantizedPart(tensor.name);
    return part && matrixOf(part, signal).then((matrix) => bytesOf(matrix, part.part, tensor.type));
  };
}

function quantized(
  values: Float32Array,
  form: QuantizedForm,
  [out = 1]: readonly number[] = [],
  signal?: AbortSignal,
): Promise<QuantizedMatrix> {
  if (form.kind === 'blocks') return quantizeBlocks(values, form.bits, signal);
  return quantizeColumns(values, { out, inSize: values.length / out, pieces: form.pieces }, signal);
}

function bytesOf(matrix: QuantizedMatrix, part: QuantizedPart['part'], type: Placement['type']): Uint8Array {
  if (part === 'weight') return matrix.weight;
  const scales = type === 'float16' ? float32ToFloat16(matrix.scales) : matrix.scales;
  return new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength);
}
