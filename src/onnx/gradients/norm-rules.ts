import { multiplyDims } from '../dim.js';
import { add, divide, multiply, squareRoot, subtract } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import { reduce } from '../reduce.js';
import { reshape } from '../shape-ops.js';
import type { Value } from '../value.js';
import { floatAttribute, type GradientRule, inputLike, integerAttribute, once } from './gradient-rule.js';
import { sizeAsFloat } from './reduce-rules.js';
import { sumToShape } from './sum-to-shape.js';

/** Normalisation of each row of the last axis, with scale and shift. */
export const layerNormRule: GradientRule = (step) => {
  const { g, gradient, input } = step;
  const last = gradient.shape.length - 1;
  const axis = integerAttribute(step, 'axis', -1);
  if (axis !== -1 && axis !== last) g.fail('the gradient of a layer norm over more than the last axis');
  const normal = normalized(g, () => input(0), [last], floatAttribute(step, 'epsilon', 1e-5));
  const weight = inputLike(step, 1);
  return [
    () => normal.backward(multiply(g, gradient, input(1))),
    () => sumToShape(g, multiply(g, gradient, normal.value()), weight.shape),
    () => sumToShape(g, gradient, inputLike(step, 2).shape),
  ];
};

/** Normalisation over all axes after the second, with a scale and a shift for each of the second. */
export const instanceNormRule: GradientRule = (step) => {
  const { g, gradient, input } = step;
  const axes = gradient.shape.map((_, axis) => axis).slice(2);
  const normal = normalized(g, () => input(0), axes, floatAttribute(step, 'epsilon', 1e-5));
  const weight = inputLike(step, 1);
  const channels = weight.shape[0]!;
  const perChannel = (value: Value): Value => reshape(g, value, [channels, ...axes.map(() => 1)]);
  const summed = (value: Value): Value => reshape(g, reduce(g, 'sum', value, [0, ...axes]), [channels]);
  return [
    // Group norms scale afterwards, by channel, and give the operator ones.
    () => normal.backward(isOnes(g, weight) ? gradient : multiply(g, gradient, perChannel(input(1)))),
    () => summed(multiply(g, gradient, normal.value())),
    () => summed(gradient),
  ];
};

interface Normalized {
  /** `(x - mean) / deviation`. */
  readonly value: () => Value;
  /** The gradient by `x` of a gradient by {@link value}. */
  backward(gradient: Value): Value;
}

/**
 * The statistics are computed again: they cost less than the memory that keeping them would. What is as large as `x` is
 * passed over as seldom as possible: that is where the time goes.
 */
function normalized(g: GraphBuilder, x: () => Value, axes: readonly number[], epsilon: number): Normalized {
  const small = (value: number): Value => g.constant(Float32Array.of(value), [1], x().type);
  const share = once(() => {
    const count = multiplyDims(...axes.map((axis) => x().shape[axis]!));
    return divide(g, small(1), sizeAsFloat(g, count, x()));
  });
  const centre = once(() => subtract(g, x(), reduce(g, 'mean', x(), axes)));
  const inverse = once(() => {
    const variance = multiply(g, reduce(g, 'sumOfSquares', centre(), axes), share());
    return divide(g, small(1), squareRoot(g, add(g, variance, small(epsilon))));
  });
  return {
    value: once(() => multiply(g, centre(), inverse())),
    backward(gradient) {
      const along = multiply(g, reduce(g, 'sum', multiply(g, gradient, centre()), axes), share());
      const slope = multiply(g, along, multiply(g, inverse(), inverse()));
      const inside = subtract(g, gradient, reduce(g, 'mean', gradient, axes));
      return multiply(g, subtract(g, inside, multiply(g, centre(), slope)), inverse());
    },
  };
}

function isOnes(g: GraphBuilder, value: Value): boolean {
  const constant = g.constants.find(({ name }) => name === value.name);
  if (constant?.type !== 'float32') return false;
  const { buffer, byteOffset, byteLength } = constant.bytes;
  return new Float32Array(buffer, byteOffset, byteLength / 4).every((element) => element === 1);
}
