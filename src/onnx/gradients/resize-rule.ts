import { resizeNearest } from '../conv.js';
import { type Dim, divideDims, multiplyDims } from '../dim.js';
import { equalMask } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import { matmul, matrixProduct } from '../linear.js';
import { reduce } from '../reduce.js';
import { countUp, reshape, transpose } from '../shape-ops.js';
import type { Value } from '../value.js';
import { type GradientRule, inputLike } from './gradient-rule.js';

/** Nearest-neighbour enlargement of images: the sum over the pixels that one became. */
export const resizeRule: GradientRule = (step) => {
  const { g, gradient } = step;
  const x = inputLike(step, 0);
  const {
    mode,
    coordinate_transformation_mode: coordinates,
    nearest_mode: rounding,
  } = step.operation.attributes;
  if (mode !== 'nearest' || coordinates !== 'asymmetric' || rounding !== 'floor') {
    g.fail('the gradient of another resize than the nearest-neighbour one');
  }
  const [images, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
  const [, , rows, columns] = gradient.shape as [Dim, Dim, Dim, Dim];
  return [
    () => {
      const [tall, wide] = [divideDims(rows, height), divideDims(columns, width)];
      if (typeof tall === 'number' && typeof wide === 'number') {
        const cells = reshape(g, gradient, [images, channels, height, tall, width, wide]);
        return reshape(g, reduce(g, 'sum', cells, [3, 5]), x.shape);
      }
      const planes = multiplyDims(images, channels);
      const lines = reshape(g, gradient, [multiplyDims(planes, rows), columns]);
      const narrow = matrixProduct(g, lines, origins(g, width, columns));
      const rowsOf = transpose(g, origins(g, height, rows), [1, 0]);
      const sums = matmul(
        g,
        reshape(g, rowsOf, [1, height, rows]),
        reshape(g, narrow, [planes, rows, width]),
      );
      return reshape(g, sums, x.shape);
    },
    undefined,
    undefined,
    undefined,
  ];
};

/**
 * Which pixel each became, as a matrix of zeros and ones `[to, from]`: the numbers of the pixels are enlarged themselves,
 * so that whatever the operator rounds is rounded alike.
 */
function origins(g: GraphBuilder, from: Dim, to: Dim): Value {
  const numbers = countUp(g, from);
  const enlarged = resizeNearest(g, reshape(g, numbers, [1, 1, from, 1]), to, 1);
  return equalMask(g, reshape(g, enlarged, [to, 1]), reshape(g, numbers, [1, from]));
}
