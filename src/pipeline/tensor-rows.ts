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
