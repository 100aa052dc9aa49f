import { cast } from '../cast.js';
import type { GraphBuilder } from '../graph.js';
import { concat, expand, reshape, splitSizes, transpose } from '../shape-ops.js';
import type { Value } from '../value.js';
import { type GradientRule, inputLike, integerAttribute, integersAttribute } from './gradient-rule.js';
import { sumToShape } from './sum-to-shape.js';

/** A value as it is. */
export const identityRule: GradientRule = ({ gradient }) => [() => gradient];

/** The same elements in another shape. */
export const reshapeRule: GradientRule = (step) => [
  () => reshape(step.g, step.gradient, inputLike(step, 0).shape),
];

/** Axes in another order. */
export const transposeRule: GradientRule = (step) => {
  const order = integersAttribute(step, 'perm');
  const back = order.map((_, axis) => order.indexOf(axis));
  return [() => transpose(step.g, step.gradient, back)];
};

/** Floats of another width. */
export const castRule: GradientRule = (step) => [() => cast(step.g, step.gradient, inputLike(step, 0).type)];

/** A value repeated along axes. */
export const expandRule: GradientRule = (step) => [
  () => sumToShape(step.g, step.gradient, inputLike(step, 0).shape),
];

/** Values side by side: each gets its part. */
export const concatRule: GradientRule = (step) => {
  const { g, gradient, operation } = step;
  const axis = integerAttribute(step, 'axis', 0);
  const sizes = operation.inputs.map((_, index) => inputLike(step, index).shape[axis] as number);
  let parts: Value[] | undefined;
  return operation.inputs.map((_, index) => () => {
    parts ??= splitSizes(g, gradient, sizes, axis);
    return parts[index]!;
  });
};

/** Pieces of one value, zeros where the loss does not see a piece. */
export const splitRule: GradientRule = (step) => {
  const { g, gradients, operation } = step;
  const axis = integerAttribute(step, 'axis', 0);
  return [
    () =>
      concat(
        g,
        gradients.map((gradient, index) => gradient ?? zerosLike(g, operation.outputs[index]!)),
        axis,
      ),
  ];
};

function zerosLike(g: GraphBuilder, { shape, type }: Value): Value {
  return expand(
    g,
    g.constant(
      Float32Array.of(0),
      shape.map(() => 1),
      type,
    ),
    shape,
  );
}
