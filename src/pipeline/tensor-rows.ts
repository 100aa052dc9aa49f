import { type Float32Tensor, float32Tensor } from '../core/tensor.js';

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

/** Tensors of equal rows under each other: `[n, …]` and `[m, …]` to `[n + m, …]`; a single one as it is. */
export function joinRows(tensors: readonly Float32Tensor[]): Float32Tensor {
  const [first] = tensors;
  if (tensors.length === 1) return first!;
  const data = new Float32Array(tensors.reduce((sum, each) => sum + each.data.length, 0));
  let at = 0;
  for (const each of tensors) {
    data.set(each.data, at);
    at += each.data.length;
  }
  const rows = tensors.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return float32Tensor(data, [rows, ...first!.shape.slice(1)]);
}
