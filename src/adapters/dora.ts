import type { DeltaShape, PartShapes } from './delta-family.js';
import type { Pace } from './pace.js';

/** Along which side of a weight a magnitude has one value each, and how many. */
export interface MagnitudeAxis {
  /** One value per row, or per input with its whole kernel. */
  readonly axis: 'row' | 'input';
  /** How many values. */
  readonly count: number;
}

/**
 * Tells what a DoRA magnitude belongs to. PEFT's is one per output. LyCORIS' `dora_scale` is `[out, 1…]` or
 * `[1, in, 1…]`: the shape decides.
 * @throws `weights-mismatch` when it fits neither.
 */
export function magnitudeAxis(
  parts: PartShapes,
  part: 'doraScale' | 'magnitude',
  { rows, columns }: DeltaShape,
): MagnitudeAxis {
  const shape = parts.need(part);
  const count = shape.reduce((product, size) => product * size, 1);
  const perRow = part === 'magnitude' || shape[0] !== 1 || shape.length < 2;
  if (perRow && count === rows) return { axis: 'row', count };
  if (!perRow && shape[1] === count && columns % count === 0) return { axis: 'input', count };
  return parts.refuse(`does not fit a weight of ${rows} rows and ${columns} columns`, part);
}

/** LyCORIS adds it to norms, so that none is zero. */
const epsilon = 2 ** -23;

/**
 * Gives every row (or every input's column, the kernel included) of `weight [rows, columns]` the length that
 * `magnitude` says, in place: weight-decomposed LoRA (Liu et al. 2024, equation 5).
 */
export async function setMagnitudes(
  weight: Float32Array,
  { rows, columns }: DeltaShape,
  { axis, count }: MagnitudeAxis,
  magnitude: Float32Array,
  pace: Pace,
): Promise<void> {
  const kernel = columns / count;
  const group = (row: number, column: number): number => (axis === 'row' ? row : Math.floor(column / kernel));
  const squares = new Float64Array(count);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = weight[row * columns + column]!;
      const at = group(row, column);
      squares[at] = squares[at]! + value * value;
    }
    if (pace.due()) await pace.rest();
  }
  const factors = squares.map((square, at) => magnitude[at]! / (Math.sqrt(square) + epsilon));
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      weight[at] = weight[at]! * factors[group(row, column)]!;
    }
    if (pace.due()) await pace.rest();
  }
}
