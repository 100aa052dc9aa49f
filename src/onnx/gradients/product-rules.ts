import { matmul, matrixProduct } from '../linear.js';
import { exchanged } from '../shape-ops.js';
import { type GradientRule, inputLike, integerAttribute } from './gradient-rule.js';
import { sumToShape } from './sum-to-shape.js';

/** `a · b + c` for matrices, each of the factors exchanged or not. */
export const gemmRule: GradientRule = (step) => {
  const { g, gradient } = step;
  const exchangedA = integerAttribute(step, 'transA', 0) === 1;
  const exchangedB = integerAttribute(step, 'transB', 0) === 1;
  return [
    () =>
      exchangedA
        ? matrixProduct(g, step.input(1), gradient, { a: exchangedB, b: true })
        : matrixProduct(g, gradient, step.input(1), { b: !exchangedB }),
    () =>
      exchangedB
        ? matrixProduct(g, gradient, step.input(0), { a: true, b: exchangedA })
        : matrixProduct(g, step.input(0), gradient, { a: !exchangedA }),
    () => sumToShape(g, gradient, inputLike(step, 2).shape),
  ];
};

/** Products over the last two axes, the leading ones being equal or broadcast. */
export const matmulRule: GradientRule = (step) => {
  const { g, gradient } = step;
  return [
    () => sumToShape(g, matmul(g, gradient, exchanged(g, step.input(1))), inputLike(step, 0).shape),
    () => sumToShape(g, matmul(g, exchanged(g, step.input(0)), gradient), inputLike(step, 1).shape),
  ];
};
