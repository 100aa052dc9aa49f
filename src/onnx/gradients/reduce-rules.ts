import { cast } from '../cast.js';
import { type Dim, multiplyDims } from '../dim.js';
import { divide, equalMask, multiply } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import { reduce } from '../reduce.js';
import { expand } from '../shape-ops.js';
import type { Value } from '../value.js';
import { scale } from './arithmetic-rules.js';
import { type BackwardStep, type GradientRule, inputLike } from './gradient-rule.js';

/** A sum: each element gets the whole gradient. */
export const sumRule: GradientRule = (step) => [
  () => expand(step.g, step.gradient, inputLike(step, 0).shape),
  undefined,
];

/** A mean: each element gets its share. */
export const meanRule: GradientRule = (step) => [
  () => {
    const { g, gradient } = step;
    const { shape } = inputLike(step, 0);
    const count = multiplyDims(...reducedAxes(step).map((axis) => shape[axis]!));
    return expand(g, divide(g, gradient, sizeAsFloat(g, count, gradient)), shape);
  },
  undefined,
];

/** A sum of squares: twice the element. */
export const sumOfSquaresRule: GradientRule = (step) => [
  () => multiply(step.g, step.input(0), scale(step.g, step.gradient, 2)),
  undefined,
];

/** The largest or the smallest element; several alike share the gradient. */
export const extremeRule: GradientRule = (step) => [
  () => {
    const { g, gradient } = step;
    const chosen = equalMask(g, step.input(0), step.output(0));
    const alike = reduce(g, 'sum', chosen, reducedAxes(step));
    return multiply(g, chosen, divide(g, gradient, alike));
  },
  undefined,
];

/** The axes that have gone, told by the size of 1 that they left. */
function reducedAxes(step: BackwardStep): number[] {
  const { gradient } = step;
  const { shape } = inputLike(step, 0);
  if (shape.length !== gradient.shape.length) step.g.fail('the gradient of a reduction that takes axes away');
  return shape.flatMap((size, axis) => (gradient.shape[axis] === 1 && size !== 1 ? [axis] : []));
}

/** A size as a float `[1]`. */
export function sizeAsFloat(g: GraphBuilder, size: Dim, { type }: Value): Value {
  if (typeof size === 'number') return g.constant(Float32Array.of(size), [1], type);
  return cast(g, g.runtimeDim(size), type);
}
