import { add, divide, multiply, squareRoot, subtract } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import { reduce } from '../reduce.js';
import { reshape } from '../shape-ops.js';
import type { Value } from '../value.js';
import { floatAttribute, type GradientRule, inputLike, integerAttribute, once } from './gradient-rule.js';
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

/** The statistics are computed again: they cost less than the memory that keeping them would. */
function normalized(g: GraphBuilder, x: () => Value, axes: readonly number[], epsilon: number): Normalized {
  const centre = once(() => subtract(g, x(), reduce(g, 'mean', x(), axes)));
  const deviation = once(() => {
    const variance = reduce(g, 'mean', multiply(g, centre(), centre()), axes);
    return squareRoot(g, add(g, variance, g.constant(Float32Array.of(epsilon), [1], x().type)));
  });
  const value = once(() => divide(g, centre(), deviation()));
  return {
    value,
    backward(gradient) {
      const along = reduce(g, 'mean', multiply(g, gradient, value()), axes);
      const inside = subtract(g, gradient, reduce(g, 'mean', gradient, axes));
      return divide(g, subtract(g, inside, multiply(g, value(), along)), deviation());
    },
  };
}

function isOnes(g: GraphBuilder, value: Value): boolean {
  const constant = g.constants.find(({ name }) => name === value.name);
  if (constant?.type !== 'float32') return false;
  const { buffer, byteOffset, byteLength } = constant.bytes;
  return new Float32Array(buffer, byteOffset, byteLength / 4).every((element) => element === 1);
}
