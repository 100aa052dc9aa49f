import { atLeastMask, divide, multiply, subtract } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import type { Value } from '../value.js';
import { type BackwardStep, type GradientRule, inputLike } from './gradient-rule.js';
import { sumToShape } from './sum-to-shape.js';

/** `a + b`. */
export const addRule: GradientRule = (step) => [
  () => back(step, 0, step.gradient),
  () => back(step, 1, step.gradient),
];

/** `a - b`. */
export const subtractRule: GradientRule = (step) => [
  () => back(step, 0, step.gradient),
  () => negate(step.g, back(step, 1, step.gradient)),
];

/** `a * b`. */
export const multiplyRule: GradientRule = (step) => [
  () => back(step, 0, multiply(step.g, step.gradient, step.input(1))),
  () => back(step, 1, multiply(step.g, step.gradient, step.input(0))),
];

/** `a / b`. */
export const divideRule: GradientRule = (step) => {
  const { g, gradient } = step;
  return [
    () => back(step, 0, divide(g, gradient, step.input(1))),
    () => negate(g, back(step, 1, divide(g, multiply(g, gradient, step.output(0)), step.input(1)))),
  ];
};

/** The larger of `a` and `b`; where they are equal, `a` gets the gradient. */
export const maximumRule: GradientRule = (step) => {
  const { g, gradient } = step;
  const first = (): Value => atLeastMask(g, step.input(0), step.input(1));
  const one = (): Value => g.constant(Float32Array.of(1), [1], gradient.type);
  return [
    () => back(step, 0, multiply(g, gradient, first())),
    () => back(step, 1, multiply(g, gradient, subtract(g, one(), first()))),
  ];
};

/** `-x`. */
export function negate(g: GraphBuilder, x: Value): Value {
  return scale(g, x, -1);
}

/** `x` times a number. */
export function scale(g: GraphBuilder, x: Value, factor: number): Value {
  return multiply(g, x, g.constant(Float32Array.of(factor), [1], x.type));
}

function back(step: BackwardStep, index: number, gradient: Value): Value {
  return sumToShape(step.g, gradient, inputLike(step, index).shape);
}
