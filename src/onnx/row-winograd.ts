import { checkSameType } from './cast.js';
import { halve } from './conv.js';
import { type Dim, multiplyDims } from './dim.js';
import { add, subtract } from './elementwise.js';
import type { GraphBuilder } from './graph.js';
import { rowConv } from './row-conv.js';
import { reshape, sliceTo, transpose } from './shape-ops.js';
import type { Value } from './value.js';

/** The sums of four input rows that a pair of output rows is made from; the next pair begins two rows below. */
const rowSums = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, -1, 0, 1],
] as const;

/** What {@link rowWinogradConv} is given. */
export interface RowWinogradRequest {
  /** `[batch, in, height, width]`. */
  readonly x: Value;
  /** Four kernels `[out, in, 1, 3]`, as `rowKernels` makes them from one of 3×3. */
  readonly kernels: readonly Value[];
  /** `[out]`. */
  readonly bias: Value;
}

/**
 * A 3×3 convolution of stride 1 in two thirds of the multiplications: two output rows come from four convolutions of
 * 1×3 where six would be needed. Winograd's F(2, 3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural
 * Networks", 2016, section 4) along the height alone: along the width too it would save more and cost as much again in
 * reordering pixels, and four times the rounding error. Any height and width.
 */
export function rowWinogradConv(g: GraphBuilder, { x, kernels, bias }: RowWinogradRequest): Value {
  const [batch, channels, height, width] = x.shape as [Dim, number, Dim, Dim];
  const outChannels = kernels[0]!.shape[0] as number;
  checkSameType(g, 'conv', x, bias, ...kernels);
  const pairs = halve(height, true);
  // All images under each other as one: kernels of one row do not reach from one into the next, and the runtime reads
  // the weights once for all of them.
  const rows = multiplyDims(batch, pairs);
  const planes = reshape(g, transpose(g, x, [1, 0, 2, 3]), [multiplyDims(batch, channels), 1, height, width]);
  const sums = rowSums.map((taps) => reshape(g, rowSum(g, planes, taps, pairs), [1, channels, rows, width]));
  const [first, second, third, last] = sums.map((sum, index) => ({ x: sum, kernel: kernels[index]! }));
  const added = rowConv(g, { ...second!, bias });
  const taken = rowConv(g, third!);
  const even = rowConv(g, { ...first!, onto: add(g, added, taken) });
  const odd = rowConv(g, { ...last!, onto: subtract(g, added, taken) });
  const interleaved = reshape(g, beside(g, even, odd), [outChannels, batch, multiplyDims(2, pairs), width]);
  return transpose(g, sliceTo(g, interleaved, height, 2), [1, 0, 2, 3]);
}

/** One sum of four rows, for each pair of rows of each plane `[planes, 1, height, width]`. */
function rowSum(g: GraphBuilder, planes: Value, taps: readonly number[], pairs: Dim): Value {
  const [count, , , width] = planes.shape as [Dim, Dim, Dim, Dim];
  return g.node({
    operator: 'Conv',
    inputs: [planes, g.constant(Float32Array.from(taps), [1, 1, 4, 1])],
    // A row of zeros above; below one, and one more that only an odd height reaches.
    attributes: { kernel_shape: [4, 1], strides: [2, 1], pads: [1, 0, 2, 0], dilations: [1, 1], group: 1 },
    outputs: [{ type: planes.type, shape: [count, 1, pairs, width] }],
  })[0]!;
}

/** Each row of `a` followed by the row of `b`. */
function beside(g: GraphBuilder, a: Value, b: Value): Value {
  const shape = [...a.shape.slice(0, 3), multiplyDims(2, a.shape[3]!)];
  return g.node({
    operator: 'Concat',
    inputs: [a, b],
    attributes: { axis: 3 },
    outputs: [{ type: a.type, shape }],
  })[0]!;
}
