import { checkSameType } from './cast.js';
import { halve } from './conv.js';
import { type Dim, multiplyDims } from './dim.js';
import { add, subtract } from './elementwise.js';
import type { GraphBuilder } from './graph.js';
import { matmul } from './linear.js';
import { rowConv } from './row-conv.js';
import type { RowForm } from './row-form.js';
import { concat, reshape, sliceTo, split, transpose } from './shape-ops.js';
import type { Value } from './value.js';

/** What {@link rowWinogradConv} is given. */
export interface RowWinogradRequest {
  /** `[batch, in, height, width]`. */
  readonly x: Value;
  readonly form: RowForm;
  /** The form's kernels `[out, in, 1, 3]`, as `rowKernels` makes them from one of 3×3. */
  readonly kernels: readonly Value[];
  /** `[out]`. */
  readonly bias: Value;
}

/**
 * A 3×3 convolution of stride 1 in two thirds or half of the multiplications: two output rows come from four
 * convolutions of 1×3 where six would be needed, or four from six where twelve would. Winograd's F(2, 3) and F(4, 3)
 * (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, section 4) along the height alone: along
 * the width too it would save more and cost as much again in reordering pixels, and many times the rounding error. Any
 * height and width.
 */
export function rowWinogradConv(g: GraphBuilder, { x, form, kernels, bias }: RowWinogradRequest): Value {
  const [batch, channels, height, width] = x.shape as [Dim, number, Dim, Dim];
  const outChannels = kernels[0]!.shape[0] as number;
  checkSameType(g, 'conv', x, bias, ...kernels);
  const groups = form.rows === 2 ? halve(height, true) : halve(halve(height, true), true);
  // All images under each other as one: kernels of one row do not reach from one into the next, and the runtime reads
  // the weights once for all of them.
  const rows = multiplyDims(batch, groups);
  const planes = reshape(g, transpose(g, x, [1, 0, 2, 3]), [multiplyDims(batch, channels), 1, height, width]);
  const sums = rowSums(g, planes, form, groups).map((sum) => reshape(g, sum, [1, channels, rows, width]));
  if (form.rows === 2) {
    const pairs = pairsOfRows(g, sums, kernels, bias);
    const image = reshape(g, pairs, [outChannels, batch, multiplyDims(2, groups), width]);
    return transpose(g, sliceTo(g, image, height, 2), [1, 0, 2, 3]);
  }
  const fours = reshape(g, foursOfRows(g, sums, kernels, bias, form), [4, outChannels, batch, groups, width]);
  const image = transpose(g, fours, [2, 1, 3, 0, 4]);
  return sliceTo(g, reshape(g, image, [batch, outChannels, multiplyDims(4, groups), width]), height, 2);
}

/** The sums of rows, each for every group of rows of every plane `[planes, 1, height, width]`. */
function rowSums(g: GraphBuilder, planes: Value, { rows, sums }: RowForm, groups: Dim): Value[] {
  const [count, , , width] = planes.shape as [Dim, Dim, Dim, Dim];
  // All in one, which reads the planes once: faster than one convolution for each, although Split copies.
  const [all] = g.node({
    operator: 'Conv',
    inputs: [planes, g.constant(Float32Array.from(sums.flat()), [sums.length, 1, rows + 2, 1])],
    // A row of zeros above; below one, and those that only a height which is no multiple reaches.
    attributes: {
      kernel_shape: [rows + 2, 1],
      strides: [rows, 1],
      pads: [1, 0, rows, 0],
      dilations: [1, 1],
      group: 1,
    },
    outputs: [{ type: planes.type, shape: [count, sums.length, groups, width] }],
  });
  return split(g, all!, sums.length, 1);
}

/** `[1, out, rows, 2 * width]`: both rows of a pair beside each other. */
function pairsOfRows(g: GraphBuilder, sums: readonly Value[], kernels: readonly Value[], bias: Value): Value {
  const [first, second, third, last] = sums.map((x, index) => ({ x, kernel: kernels[index]! }));
  const added = rowConv(g, { ...second!, bias });
  const taken = rowConv(g, third!);
  const even = rowConv(g, { ...first!, onto: add(g, added, taken) });
  const odd = rowConv(g, { ...last!, onto: subtract(g, added, taken) });
  // Not by `concat`, which would have to know what two widths come to.
  return g.node({
    operator: 'Concat',
    inputs: [even, odd],
    attributes: { axis: 3 },
    outputs: [{ type: even.type, shape: [...even.shape.slice(0, 3), multiplyDims(2, even.shape[3]!)] }],
  })[0]!;
}

/** `[4, out * rows * width]`. */
function foursOfRows(
  g: GraphBuilder,
  sums: readonly Value[],
  kernels: readonly Value[],
  bias: Value,
  { outputs }: RowForm,
): Value {
  // The bias belongs to each output row once, which is how often the second product does.
  const products = sums.map((x, index) =>
    rowConv(g, { x, kernel: kernels[index]!, bias: index === 1 ? bias : undefined }),
  );
  const all = concat(g, products, 0);
  const count = outputs[0]!.length;
  const flat = reshape(g, all, [count, multiplyDims(...all.shape.slice(1))]);
  return matmul(g, g.constant(Float32Array.from(outputs.flat()), [outputs.length, count]), flat);
}
