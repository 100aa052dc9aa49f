import {
  type DeltaFamily,
  type DeltaShape,
  elementsFrom,
  type PartShapes,
  type PartValues,
} from './delta-family.js';
import { type FactorPair, measurePair, pairMatrix } from './factor-pair.js';
import type { Pace } from './pace.js';

interface Side {
  readonly whole: string;
  readonly pair: FactorPair;
}

const left: Side = { whole: 'k1', pair: { a: 'k1a', b: 'k1b', core: 'kt1' } };
const right: Side = { whole: 'k2', pair: { a: 'k2a', b: 'k2b', core: 'kt2' } };

/**
 * LoKr (LyCORIS): a Kronecker product `ΔW[o1·m + o2, i1·n + i2] = W1[o1, i1] · W2[o2, i2]`, where the kernel of a
 * convolution belongs to `W2` and either side may be factored.
 */
export const lokrFamily: DeltaFamily = {
  name: 'LoKr',
  measure,
  async add(into, parts, values, factor, pace) {
    const [a, b] = [measureSide(parts, left), measureSide(parts, right)];
    const outer = await sideMatrix(parts, values, left, pace);
    const inner = await sideMatrix(parts, values, right, pace);
    const columns = a.columns * b.columns;
    for (let o1 = 0; o1 < a.rows; o1++) {
      for (let i1 = 0; i1 < a.columns; i1++) {
        const scale = factor * outer[o1 * a.columns + i1]!;
        const at = o1 * b.rows * columns + i1 * b.columns;
        addScaled(into, at, columns, inner, b.columns, scale);
        if (pace.due()) await pace.rest();
      }
    }
  },
};

function measure(parts: PartShapes): DeltaShape {
  const [a, b] = [measureSide(parts, left), measureSide(parts, right)];
  // LyCORIS scales by alpha only when a side is factored, and by the rank of the second where both are.
  return { rows: a.rows * b.rows, columns: a.columns * b.columns, rank: b.rank ?? a.rank };
}

function measureSide(parts: PartShapes, { whole, pair }: Side): DeltaShape {
  const shape = parts.shape(whole);
  if (!shape) return measurePair(parts, pair);
  if (shape.length < 2) parts.refuse('must be a matrix', whole);
  for (const part of [pair.a, pair.b, pair.core])
    if (parts.shape(part)) parts.refuse('say the same thing twice', whole, part);
  return { rows: shape[0]!, columns: elementsFrom(shape, 1), rank: undefined };
}

async function sideMatrix(
  parts: PartShapes,
  values: PartValues,
  { whole, pair }: Side,
  pace: Pace,
): Promise<Float32Array> {
  return parts.shape(whole) ? values(whole) : pairMatrix(parts, values, pair, pace);
}

/** Adds a block whose rows are `columns` apart in `into`. */
function addScaled(
  into: Float32Array,
  at: number,
  columns: number,
  block: Float32Array,
  width: number,
  scale: number,
): void {
  for (let from = 0, to = at; from < block.length; from += width, to += columns) {
    for (let i = 0; i < width; i++) into[to + i] = into[to + i]! + scale * block[from + i]!;
  }
}
