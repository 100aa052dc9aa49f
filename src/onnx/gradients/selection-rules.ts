import { cast } from '../cast.js';
import { multiplyDims, sameDim } from '../dim.js';
import { equalMask, subtract } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import { matrixProduct } from '../linear.js';
import { countUp, reshape, transpose } from '../shape-ops.js';
import type { Value } from '../value.js';
import { type GradientRule, inputLike, integerAttribute } from './gradient-rule.js';

/**
 * Entries of a table by number: the rows of the gradient that went to one entry are summed. As a product with a matrix of
 * zeros and ones, since scattering with addition is not to be had everywhere.
 */
export const gatherRule: GradientRule = (step) => {
  const { g, gradient } = step;
  const table = inputLike(step, 0);
  const indices = inputLike(step, 1);
  const axis = integerAttribute(step, 'axis', 0);
  const rank = table.shape.length;
  const taken = indices.shape.length;
  return [
    () => {
      const size = table.shape[axis]!;
      const count = multiplyDims(...indices.shape);
      const others = [...table.shape.slice(0, axis), ...table.shape.slice(axis + 1)];
      const places = reshape(g, cast(g, step.input(1), 'float32'), [1, count]);
      const entries = reshape(g, countUp(g, size), [size, 1]);
      const chosen = cast(g, equalMask(g, entries, places), gradient.type);
      // The axes of the indices to the front, and what they took the place of back again.
      const axes = gradient.shape.map((_, index) => index);
      const front = [...axes.slice(axis, axis + taken), ...axes.slice(0, axis), ...axes.slice(axis + taken)];
      const rows = reshape(g, ordered(g, gradient, front), [count, multiplyDims(...others)]);
      const sums = reshape(g, matrixProduct(g, chosen, rows), [size, ...others]);
      const own = Array.from({ length: rank }, (_, index) =>
        index === axis ? 0 : index < axis ? index + 1 : index,
      );
      return ordered(g, sums, own);
    },
    undefined,
  ];
};

function ordered(g: GraphBuilder, x: Value, order: readonly number[]): Value {
  return order.every((axis, index) => axis === index) ? x : transpose(g, x, order);
}

/** Entries from a first to a last one along one axis: zeros around them. */
export const sliceRule: GradientRule = (step) => {
  const { g, gradient } = step;
  const x = inputLike(step, 0);
  const axes = x.shape
    .map((_, axis) => axis)
    .filter((axis) => !sameDim(x.shape[axis]!, gradient.shape[axis]!));
  const axis = axes[0];
  const starts = inputLike(step, 1);
  if (axes.length > 1 || starts.shape[0] !== 1 || step.operation.inputs[4] !== undefined) {
    g.fail('the gradient of a slice over several axes or with a step');
  }
  return [
    () => {
      if (axis === undefined) return gradient;
      const sizeOf = (value: Value): Value =>
        g.node({
          operator: 'Shape',
          inputs: [value],
          attributes: { start: axis, end: axis + 1 },
          outputs: [{ type: 'int64', shape: [1] }],
        })[0]!;
      const after = subtract(g, subtract(g, g.runtimeDim(x.shape[axis]!), starts), sizeOf(gradient));
      const zero = g.constant(BigInt64Array.of(0n));
      const around = [starts, after].flatMap((count) => x.shape.map((_, i) => (i === axis ? count : zero)));
      const [pads] = g.node({
        operator: 'Concat',
        inputs: around,
        attributes: { axis: 0 },
        outputs: [{ type: 'int64', shape: [around.length] }],
      });
      return g.node({
        operator: 'Pad',
        inputs: [gradient, pads],
        attributes: { mode: 'constant' },
        outputs: [{ type: x.type, shape: x.shape }],
      })[0]!;
    },
    ...Array.from({ length: 4 }, () => undefined),
  ];
};
