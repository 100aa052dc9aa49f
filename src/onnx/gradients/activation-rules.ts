import { add, divide, errorFunction, exponential, multiply, subtract } from '../elementwise.js';
import { reduce } from '../reduce.js';
import type { Value } from '../value.js';
import { scale } from './arithmetic-rules.js';
import { type GradientRule, integerAttribute } from './gradient-rule.js';

/** `sqrt(x)`: `1 / (2 sqrt(x))`. */
export const squareRootRule: GradientRule = (step) => [
  () => divide(step.g, scale(step.g, step.gradient, 0.5), step.output(0)),
];

/** `exp(x)`: itself. */
export const exponentialRule: GradientRule = (step) => [
  () => multiply(step.g, step.gradient, step.output(0)),
];

/** `erf(x)`: `2 / sqrt(pi) exp(-x²)`. */
export const errorFunctionRule: GradientRule = ({ g, gradient, input }) => [
  () => {
    const bell = exponential(g, scale(g, multiply(g, input(0), input(0)), -1));
    return scale(g, multiply(g, gradient, bell), 2 / Math.sqrt(Math.PI));
  },
];

/** `s = sigmoid(x)`: `s (1 - s)`. */
export const sigmoidRule: GradientRule = ({ g, gradient, output }) => [
  () => {
    const s = output(0);
    return multiply(g, gradient, subtract(g, s, multiply(g, s, s)));
  },
];

/** Exact GELU `x Φ(x)`: `Φ(x) + x φ(x)`, with the normal distribution Φ and its density φ. */
export const geluRule: GradientRule = ({ g, gradient, operation, input }) => {
  if (operation.attributes['approximate'] === 'tanh') g.fail('the gradient of the GELU approximated by tanh');
  return [
    () => {
      const x = input(0);
      const half = g.constant(Float32Array.of(0.5), [1], x.type);
      const share = add(g, scale(g, errorFunction(g, scale(g, x, Math.SQRT1_2)), 0.5), half);
      const density = scale(g, exponential(g, scale(g, multiply(g, x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return multiply(g, gradient, add(g, share, multiply(g, x, density)));
    },
  ];
};

/** Softmax `y` over the last axis: each entry's share of the gradient above the mean that `y` weighs. */
export const softmaxRule: GradientRule = (step) => {
  const { g, gradient, output } = step;
  const last = gradient.shape.length - 1;
  if (integerAttribute(step, 'axis', -1) !== -1)
    g.fail('the gradient of a softmax over another than the last axis');
  return [
    (): Value => {
      const mean = reduce(g, 'sum', multiply(g, gradient, output(0)), [last]);
      // In this order the runtime needs no more than three of these, the largest values of a network, at once.
      return multiply(g, subtract(g, gradient, mean), output(0));
    },
  ];
};
