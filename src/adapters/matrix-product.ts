import type { Pace } from './pace.js';

/** Sizes of `up [rows, rank] · down [rank, columns]`. */
export interface ProductSizes {
  /** Rows of `up` and of the product. */
  readonly rows: number;
  /** Columns of `up`, rows of `down`. */
  readonly rank: number;
  /** Columns of `down` and of the product. */
  readonly columns: number;
}

/** Columns done at a time: with 64-bit copies of 128 ranks they fill half of a usual second-level cache. */
const columnBlock = 512;

/**
 * Adds `factor · up · down` to `into [rows, columns]`, all row-major, two rows and four ranks at a time. Every sum is
 * rounded to float32, rank after rank, and scaled at the end: so do torch and ONNX Runtime, and merged weights come out
 * as theirs, mostly to the bit.
 */
export async function addProduct(
  into: Float32Array,
  { rows, rank, columns }: ProductSizes,
  up: Float32Array,
  down: Float32Array,
  factor: number,
  pace: Pace,
): Promise<void> {
  const ranks = Math.ceil(rank / 4) * 4;
  const width = Math.min(columns, columnBlock);
  const block = new Float64Array(ranks * width);
  const factors = new Float64Array(2 * ranks);
  const sums = [new Float64Array(width), new Float64Array(width)] as const;
  for (let column = 0; column < columns; column += width) {
    const count = Math.min(width, columns - column);
    for (let r = 0; r < rank; r++) {
      const from = r * columns + column;
      block.set(down.subarray(from, from + count), r * width);
    }
    for (let row = 0; row < rows; row += 2) {
      const pair = Math.min(2, rows - row);
      for (let r = 0; r < rank; r++) {
        factors[r] = up[row * rank + r]!;
        factors[ranks + r] = pair === 2 ? up[(row + 1) * rank + r]! : 0;
      }
      sumPair(sums, block, factors, ranks, width, count);
      for (let k = 0; k < pair; k++) addRow(into, (row + k) * columns + column, sums[k]!, count, factor);
      if (pace.due()) await pace.rest();
    }
  }
}

function sumPair(
  [first, second]: readonly [Float64Array, Float64Array],
  block: Float64Array,
  factors: Float64Array,
  ranks: number,
  width: number,
  count: number,
): void {
  first.fill(0);
  second.fill(0);
  for (let r = 0; r < ranks; r += 4) {
    const a0 = factors[r]!;
    const a1 = factors[r + 1]!;
    const a2 = factors[r + 2]!;
    const a3 = factors[r + 3]!;
    const b0 = factors[ranks + r]!;
    const b1 = factors[ranks + r + 1]!;
    const b2 = factors[ranks + r + 2]!;
    const b3 = factors[ranks + r + 3]!;
    const row0 = r * width;
    const row1 = row0 + width;
    const row2 = row1 + width;
    const row3 = row2 + width;
    const f = Math.fround;
    for (let i = 0; i < count; i++) {
      const d0 = block[row0 + i]!;
      const d1 = block[row1 + i]!;
      const d2 = block[row2 + i]!;
      const d3 = block[row3 + i]!;
      first[i] = f(f(f(f(first[i]! + a0 * d0) + a1 * d1) + a2 * d2) + a3 * d3);
      second[i] = f(f(f(f(second[i]! + b0 * d0) + b1 * d1) + b2 * d2) + b3 * d3);
    }
  }
}

function addRow(into: Float32Array, at: number, sums: Float64Array, count: number, factor: number): void {
  for (let i = 0; i < count; i++) into[at + i] = into[at + i]! + Math.fround(factor * sums[i]!);
}

/** `matrix [rows, columns]` with rows and columns exchanged. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = matrix[row * columns + column]!;
  }
  return result;
}

/**
 * The core of a Tucker decomposition times its input side: `core [p, q, kernel]` and `down [q, inputs]` give
 * `[p, inputs · kernel]`, where element `(p, i, k)` is `Σ_q core[p, q, k] · down[q, i]`.
 */
export async function coreProduct(
  core: Float32Array,
  down: Float32Array,
  { p, q, kernel, inputs }: { p: number; q: number; kernel: number; inputs: number },
  pace: Pace,
): Promise<Float32Array> {
  const result = new Float32Array(p * inputs * kernel);
  const sums = new Float64Array(inputs * kernel);
  for (let row = 0; row < p; row++) {
    sums.fill(0);
    for (let rank = 0; rank < q; rank++) {
      const from = (row * q + rank) * kernel;
      for (let i = 0; i < inputs; i++) {
        const value = down[rank * inputs + i]!;
        for (let k = 0; k < kernel; k++)
          sums[i * kernel + k] = sums[i * kernel + k]! + core[from + k]! * value;
      }
      if (pace.due()) await pace.rest();
    }
    result.set(sums, row * inputs * kernel);
  }
  return result;
}
