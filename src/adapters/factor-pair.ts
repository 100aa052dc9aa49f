import { type DeltaShape, elementsFrom, type PartShapes, type PartValues } from './delta-family.js';
import { addProduct, coreProduct, transposed } from './matrix-product.js';
import type { Pace } from './pace.js';

/** Names of the parts of one factored matrix of LyCORIS. */
export interface FactorPair {
  /** Output side: `[out, rank]`, or `[rank, out]` beside a core. */
  readonly a: string;
  /** Input side: `[rank, in]`, a convolution's kernel included unless there is a core. */
  readonly b: string;
  /** Core `[rank, rank, kernel…]`; optional. */
  readonly core: string;
}

/** Shape of the product of a pair. @throws `weights-mismatch` when its parts do not fit each other. */
export function measurePair(parts: PartShapes, { a, b, core }: FactorPair): DeltaShape & { rank: number } {
  const left = parts.need(a);
  const right = parts.need(b);
  const middle = parts.shape(core);
  if (left.length < 2 || elementsFrom(left, 2) !== 1) parts.refuse('must be a matrix', a);
  if (right.length < 2) parts.refuse('must be a matrix', b);
  const rank = right[0]!;
  if (!middle) {
    if (left[1] !== rank) parts.refuse('cannot be multiplied: their ranks differ', a, b);
    return { rows: left[0]!, columns: elementsFrom(right, 1), rank };
  }
  if (middle.length < 2 || middle[0] !== left[0] || middle[1] !== rank || elementsFrom(right, 2) !== 1)
    parts.refuse('cannot be multiplied: their ranks differ', a, core, b);
  return { rows: left[1]!, columns: right[1]! * elementsFrom(middle, 2), rank };
}

/** The product of a pair, `[rows, columns]`: with a core, `F[o, i, k] = Σ_p Σ_q core[p, q, k] · a[p, o] · b[q, i]`. */
export async function pairMatrix(
  parts: PartShapes,
  values: PartValues,
  pair: FactorPair,
  pace: Pace,
): Promise<Float32Array> {
  const { rows, columns } = measurePair(parts, pair);
  const result = new Float32Array(rows * columns);
  const left = parts.need(pair.a);
  const right = parts.need(pair.b);
  const middle = parts.shape(pair.core);
  if (!middle) {
    const sizes = { rows, rank: left[1]!, columns };
    await addProduct(result, sizes, values(pair.a), values(pair.b), 1, pace);
    return result;
  }
  const [p, q] = [middle[0]!, middle[1]!];
  const core = { p, q, kernel: elementsFrom(middle, 2), inputs: right[1]! };
  const inner = await coreProduct(values(pair.core), values(pair.b), core, pace);
  const outer = transposed(values(pair.a), p, rows);
  await addProduct(result, { rows, rank: p, columns }, outer, inner, 1, pace);
  return result;
}
