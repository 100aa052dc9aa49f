import { type Dim, divideDims, formatShape, sameDim } from '../dim.js';
import type { GraphBuilder } from '../graph.js';
import { reduce } from '../reduce.js';
import { reshape } from '../shape-ops.js';
import type { Value } from '../value.js';

/**
 * The gradient of a value that was broadcast from `shape`: the sum over all places that one element went to. Where only
 * a run tells whether a size was 1 or that of the gradient, either works.
 */
export function sumToShape(g: GraphBuilder, gradient: Value, shape: readonly Dim[]): Value {
  const leading = gradient.shape.length - shape.length;
  // Cut into pieces: those that stay, and those that are summed.
  const cut: Dim[] = [];
  const summed: number[] = [];
  for (const [axis, size] of gradient.shape.entries()) {
    const target = axis < leading ? 1 : shape[axis - leading]!;
    if (sameDim(target, size)) {
      cut.push(size);
    } else if (target === 1) {
      summed.push(cut.length);
      cut.push(size);
    } else {
      // `size / target` is 1 when nothing was broadcast, `size` when `target` is 1 at run time.
      const copies = divideDims(size, target);
      if (copies === undefined || typeof target === 'number') {
        return g.fail(`${formatShape(shape)} was not broadcast to ${formatShape(gradient.shape)}`);
      }
      summed.push(cut.length + 1);
      cut.push(target, copies);
    }
  }
  if (summed.length === 0 && leading === 0) return gradient;
  const pieces = cut.length === gradient.shape.length ? gradient : reshape(g, gradient, cut);
  const sum = summed.length === 0 ? pieces : reduce(g, 'sum', pieces, summed);
  const same =
    sum.shape.length === shape.length && sum.shape.every((size, axis) => sameDim(size, shape[axis]!));
  return same ? sum : reshape(g, sum, shape);
}
