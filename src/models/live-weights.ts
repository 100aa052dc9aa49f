import { elementCount } from '../core/tensor.js';
import { cast } from '../onnx/cast.js';
import type { Dim } from '../onnx/dim.js';
import { add } from '../onnx/elementwise.js';
import type { GraphBuilder } from '../onnx/graph.js';
import { linear, matmul, matmulAdd } from '../onnx/linear.js';
import { reshape, split } from '../onnx/shape-ops.js';
import type { Value } from '../onnx/value.js';

/** How a weight can be changed by inputs of each run. */
export interface LiveChange {
  /** By a product of two matrices, of any inner size but most likely this one; 0 for not at all. */
  readonly rank: number;
  /** By a tensor of its own shape. */
  readonly dense: boolean;
}

/** Weights that each run may change, by canonical name. */
export type LiveWeights = ReadonlyMap<string, LiveChange>;

/** Names of the matrices whose product is added to a weight for good. */
export function matrixNames(name: string): { readonly up: string; readonly down: string } {
  return { up: `${name}:fused-up`, down: `${name}:fused-down` };
}

/** Names of the inputs that change a weight. */
export function liveInputs(name: string): {
  readonly up: string;
  readonly down: string;
  readonly delta: string;
} {
  return { up: `${name}:up`, down: `${name}:down`, delta: `${name}:delta` };
}

/**
 * A weight plus a product of two matrices that are weights too. All of it is constant, so the runtime forms the sum once,
 * when it loads the network, at its own speed.
 */
export function productWeight(g: GraphBuilder, name: string, weight: Value, rank: number): Value {
  const shape = weight.shape as readonly number[];
  const rows = shape[0]!;
  const names = matrixNames(name);
  const up = g.weight(names.up, [rows, rank]);
  const down = g.weight(names.down, [rank, elementCount(shape) / rows]);
  // In float32, rounded once: this costs the load only.
  return cast(g, plusProduct(g, cast(g, weight, 'float32'), up, down), weight.type);
}

/**
 * A weight plus what the run's inputs add to it: `up [rows, rank] · down [rank, columns]` and `delta`. The sum is formed
 * when the graph runs: its cost does not depend on the number of tokens and hardly on the rank, and inputs of zeros leave
 * the weight as it is.
 */
export function liveWeight(g: GraphBuilder, name: string, weight: Value, change: LiveChange): Value {
  let sum = weight;
  if (change.rank > 0) {
    const { up, down } = lowRankInputs(g, name, weight);
    sum = plusProduct(g, weight, up, down);
  }
  return change.dense ? add(g, sum, denseInput(g, name, weight)) : sum;
}

function plusProduct(g: GraphBuilder, weight: Value, up: Value, down: Value): Value {
  const shape = weight.shape as readonly number[];
  // A weight in another shape must not be reshaped: as a constant the runtime would keep a second copy of it.
  return shape.length === 2
    ? matmulAdd(g, up, down, weight)
    : add(g, weight, reshape(g, matmul(g, up, down), shape));
}

/** Up to this rank a convolution's change runs beside it; above, adding it to the weight is cheaper. */
const branchRank = 64;

/** A convolution's weight, and two convolutions whose result is added to its own, if that is how it is changed. */
export interface LiveConvolution {
  readonly weight: Value;
  readonly branch: ConvolutionBranch | undefined;
}

/** Two convolutions in a row, of weights `[rank, in, k, k]` and `[out, rank, 1, 1]`. */
export interface ConvolutionBranch {
  readonly down: Value;
  readonly up: Value;
}

/**
 * A convolution's weight with what the run's inputs change. While the weight itself stays a constant the runtime can
 * lay it out for its fast kernels, so a small change runs beside it instead.
 */
export function liveConvolution(
  g: GraphBuilder,
  name: string,
  weight: Value,
  change: LiveChange,
): LiveConvolution {
  if (change.rank === 0 || change.rank > branchRank) {
    return { weight: liveWeight(g, name, weight, change), branch: undefined };
  }
  return {
    weight: change.dense ? add(g, weight, denseInput(g, name, weight)) : weight,
    branch: liveBranch(g, name, weight),
  };
}

/** Whether a change of a convolution leaves its own weight alone. */
export function runsBeside({ rank, dense }: LiveChange): boolean {
  return rank > 0 && rank <= branchRank && !dense;
}

/** The two convolutions that run beside one with such a weight. */
export function liveBranch(g: GraphBuilder, name: string, weight: WeightLike): ConvolutionBranch {
  const shape = weight.shape as readonly number[];
  const { up, down } = lowRankInputs(g, name, weight);
  const rank = down.shape[0]!;
  return {
    down: reshape(g, down, [rank, ...shape.slice(1)]),
    up: reshape(g, up, [shape[0]!, rank, 1, 1]),
  };
}

/** What live changes add to a product of rows; see {@link liveProducts}. */
export type LiveProduct = (rows: Value) => Value;

/**
 * What a change adds to the products of rows with a matrix that cannot change itself, in equal pieces along the
 * matrix's first axis: `rows · (up · down + delta)ᵀ`. Its cost grows with the number of rows and the rank.
 */
export function liveProducts(
  g: GraphBuilder,
  name: string,
  matrix: WeightLike,
  change: LiveChange,
  pieces: number,
): readonly LiveProduct[] {
  const cut = (value: Value): readonly Value[] => (pieces === 1 ? [value] : split(g, value, pieces, 0));
  const low = change.rank > 0 ? lowRankInputs(g, name, matrix) : undefined;
  const ups = low && cut(low.up);
  const deltas = change.dense ? cut(denseInput(g, name, matrix)) : undefined;
  const narrowed = new Map<Value, Value>();
  const narrow = (rows: Value, { down }: { readonly down: Value }): Value => {
    const known = narrowed.get(rows) ?? linear(g, rows, down);
    narrowed.set(rows, known);
    return known;
  };
  return Array.from({ length: pieces }, (_, piece) => (rows: Value): Value => {
    const terms = [
      ...(low && ups ? [linear(g, narrow(rows, low), ups[piece]!)] : []),
      ...(deltas ? [linear(g, rows, deltas[piece]!)] : []),
    ];
    return terms.reduce((sum, term) => add(g, sum, term));
  });
}

type WeightLike = Pick<Value, 'type' | 'shape'>;

function lowRankInputs(
  g: GraphBuilder,
  name: string,
  weight: WeightLike,
): { readonly up: Value; readonly down: Value } {
  const shape = weight.shape as readonly number[];
  const names = liveInputs(name);
  const rows = shape[0]!;
  const rank = `rank of ${name}`;
  return {
    up: inputLike(g, names.up, weight, [rows, rank]),
    down: inputLike(g, names.down, weight, [rank, elementCount(shape) / rows]),
  };
}

function denseInput(g: GraphBuilder, name: string, weight: WeightLike): Value {
  return inputLike(g, liveInputs(name).delta, weight, weight.shape);
}

// The weight is not widened instead: the runtime would keep it in both widths.
function inputLike(
  g: GraphBuilder,
  name: string,
  { type }: WeightLike,
  shape: readonly (Dim | string)[],
): Value {
  return cast(g, g.input(name, 'float32', shape), type);
}
