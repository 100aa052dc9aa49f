import type { GraphBuilder } from './graph.js';
import type { Value } from './value.js';

/** What becomes of the elements that are put together. */
export type Reduction = 'mean' | 'sum' | 'max' | 'min' | 'sumOfSquares';

const operators: Readonly<Record<Reduction, string>> = {
  mean: 'ReduceMean',
  sum: 'ReduceSum',
  max: 'ReduceMax',
  min: 'ReduceMin',
  sumOfSquares: 'ReduceSumSquare',
};

/** One element in place of all along some axes, which stay with size 1. */
export function reduce(g: GraphBuilder, reduction: Reduction, x: Value, axes: readonly number[]): Value {
  const wrong = axes.find((axis) => !(axis >= 0 && axis < x.shape.length));
  if (wrong !== undefined) g.fail(`cannot take the ${reduction} over axis ${wrong} of ${x.shape.length}`);
  return g.node({
    operator: operators[reduction],
    inputs: [x, g.constant(BigInt64Array.from(axes, BigInt))],
    attributes: { keepdims: 1 },
    outputs: [{ type: x.type, shape: x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) }],
  })[0]!;
}
