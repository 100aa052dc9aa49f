import type { FusedOperator } from '../../backends/backend.js';
import { cast } from '../../onnx/cast.js';
import { add } from '../../onnx/elementwise.js';
import type { GraphBuilder } from '../../onnx/graph.js';
import { linear } from '../../onnx/linear.js';
import { pieceLinear } from '../../onnx/piece-linear.js';
import type { RowForm } from '../../onnx/row-form.js';
import { reshape } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import {
  type ConvolutionBranch,
  type LiveConvolution,
  type LiveWeights,
  liveBranch,
  liveConvolution,
  liveWeight,
  productWeight,
  runsBeside,
} from '../live-weights.js';
import type { Precision } from '../precision.js';
import type { Quantization } from '../quantization.js';
import { formOf } from '../quantized-form.js';
import { rowKernelsName } from '../row-kernels.js';
import type { WeightCollector } from '../weight-collector.js';
import type { Matrix } from './matrix.js';
import { quantizedMatrices } from './quantized-matrix.js';

/** What a layer needs to write itself: the graph, the fused operators, and weights named by where the layer stands. */
export interface Net {
  readonly g: GraphBuilder;
  readonly dialect: ReadonlySet<FusedOperator>;
  /** What activations are made of, and the weights that layers get. */
  readonly type: Precision;
  /**
   * The same network in float32 and not quantised, for layers that less would spoil: its weights are stored in the
   * network's precision and widened when it is loaded. A float32 network is its own island, unless it is quantised.
   */
  readonly island: Net;
  /** Runs `body` one level deeper: `scope('resnets.0', …)` puts `resnets.0.` before names of weights and nodes. */
  scope<T>(name: string, body: () => T): T;
  /**
   * The weight `name` of the current scope, in the shape the file gives it.
   * @param shape As in the file; sizes of 1 do not matter.
   * @param as The shape the graph wants, if another one with the same bytes.
   */
  weight(name: string, shape: readonly number[], as?: readonly number[]): Value;
  /**
   * As `weight`, for the matrix `[out, in]` of a linear layer, which is asked for nowhere else: how it is stored is known
   * to what multiplies with it alone.
   */
  matrix(name: string, shape: readonly [number, number], options?: MatrixOptions): Matrix;
  /**
   * As `matrix`, cut into equal pieces along `out`, each a matrix of its own; `undefined` where something changes the
   * weight as a whole, or it pays nowhere.
   */
  matrices(name: string, shape: readonly [number, number], count: number): readonly Matrix[] | undefined;
  /** As `weight`, cut into equal pieces along its first axis, for what nothing changes. */
  pieces(name: string, shape: readonly number[], count: number): readonly Value[];
  /**
   * As `weight`, for a convolution, which may have a low-rank one beside it.
   * @param form In which `rowWinogradConv` can do it, so that its kernels may come in that form.
   */
  convolution(
    name: string,
    shape: readonly number[],
    form?: RowForm | undefined,
  ): LiveConvolution | RowConvolution;
  /** Whether the file has the weight `name` of the current scope. */
  has(name: string): boolean;
}

/** What is known of a linear layer besides its shape. */
export interface MatrixOptions {
  /** Whether its errors reach the output more than those of others do: then it is quantised less. */
  readonly sensitive?: boolean | undefined;
  /** Whether it never gets more than a few rows, such as times: then there is nothing to cut. */
  readonly fewRows?: boolean | undefined;
}

/** A 3×3 convolution's weight as kernels of one row, and what runs beside it. */
export interface RowConvolution {
  readonly form: RowForm;
  readonly kernels: readonly Value[];
  readonly branch: ConvolutionBranch | undefined;
}

/** `x` in float32: on the way into an island. */
export function asFloat32({ g }: Net, x: Value): Value {
  return cast(g, x, 'float32');
}

/** `x` as the network computes: on the way in, and back from an island. */
export function asCompute({ g, type }: Net, x: Value): Value {
  return cast(g, x, type);
}

/** How the weights of a network differ from its file's, besides their content. */
export interface WeightChanges {
  /** Weights that the inputs of each run change. */
  readonly live?: LiveWeights | undefined;
  /** Weights that each run is fed: inputs of their names and shapes. */
  readonly fed?: Pick<ReadonlySet<string>, 'has'> | undefined;
  /** Weights that a product of two matrices is added to, with the inner size. */
  readonly products?: ReadonlyMap<string, number> | undefined;
  /** What they are stored as, and computed with; default float32. */
  readonly precision?: Precision | undefined;
  /** How those of linear layers are stored, outside of islands; default: as all others. */
  readonly quantization?: Quantization | undefined;
}

/** Channels from which the sums over rows cost less than the multiplications that they save. */
const rowFormChannels = 128;

/** Ties a graph to a collector of weights. */
export function makeNet(
  g: GraphBuilder,
  dialect: ReadonlySet<FusedOperator>,
  collector: WeightCollector,
  { live, fed, products, precision = 'float32', quantization }: WeightChanges = {},
): Net {
  const fullName = (name: string): string => (g.path === '' ? name : `${g.path}.${name}`);
  // Each weight is asked for by one layer only, so its inputs and matrices are declared once.
  const ask = (name: string, shape: readonly number[], as: readonly number[]): [string, Value] => {
    const full = fullName(name);
    collector.request(full, shape);
    if (fed?.has(full)) return [full, cast(g, g.input(full, 'float32', as), precision)];
    const weight = g.weight(full, as, precision);
    const rank = products?.get(full);
    return [full, rank === undefined ? weight : productWeight(g, full, weight, rank)];
  };
  const weight: Net['weight'] = (name, shape, as = shape) => {
    const [full, own] = ask(name, shape, as);
    const change = live?.get(full);
    return change === undefined ? own : liveWeight(g, full, own, change);
  };
  const convolution = (name: string, shape: readonly number[]): LiveConvolution => {
    const [full, own] = ask(name, shape, shape);
    const change = live?.get(full);
    return change === undefined ? { weight: own, branch: undefined } : liveConvolution(g, full, own, change);
  };
  // What the CPU's kernels are best at, in the one precision that they have.
  const cpu = precision === 'float32' && dialect.has('FusedConv');
  // A weight that something changes as a whole is asked for as a whole.
  const cuttable = (name: string, shape: readonly number[]): string | undefined => {
    const full = fullName(name);
    if (!cpu || live?.has(full) || products?.has(full)) return undefined;
    collector.request(full, shape);
    return full;
  };
  const rowConvolution = (
    name: string,
    shape: readonly number[],
    form: RowForm,
  ): LiveConvolution | RowConvolution => {
    const full = fullName(name);
    const [out = 0, channels = 0] = shape;
    const count = form.kernels.length;
    const rows = [count * out, channels, 1, 3];
    const change = live?.get(full);
    if (Math.min(out, channels) < rowFormChannels) return convolution(name, shape);
    if (!products?.has(full) && (change === undefined || runsBeside(change))) {
      collector.request(full, shape);
      const kernels = g.weightParts(rowKernelsName(full, form), rows, count);
      return { form, kernels, branch: change && liveBranch(g, full, { type: 'float32', shape }) };
    }
    // The blob that is kept must not depend on what changes a weight.
    g.reserve(rowKernelsName(full, form), rows);
    g.weightApart(full, shape);
    return convolution(name, shape);
  };
  const biased = (product: Value, bias: Value | undefined): Value => (bias ? add(g, product, bias) : product);
  const matrixOf = (own: Value): Matrix => ({
    // The CPU's Gemm writes the bias over the whole result before it multiplies.
    multiply: (rows, bias) => (cpu ? biased(linear(g, rows, own), bias) : linear(g, rows, own, bias)),
  });
  const pieceMatrixOf = (own: Value): Matrix => ({
    multiply: (rows, bias) => biased(pieceLinear(g, rows, own), bias),
  });
  const pieceMatrix = (name: string, [out, columns]: readonly [number, number]): Matrix => {
    const full = fullName(name);
    const computed = live?.has(full) || fed?.has(full);
    // A constant in another shape would be a second copy; see `productWeight`.
    if (products?.has(full) && !computed) return matrixOf(weight(name, [out, columns]));
    return pieceMatrixOf(
      computed
        ? reshape(g, weight(name, [out, columns]), [out, 1, columns])
        : weight(name, [out, columns], [out, 1, columns]),
    );
  };
  const quantized = (
    name: string,
    shape: readonly [number, number],
    pieces: number,
    sensitive = false,
  ): readonly Matrix[] | undefined => {
    const form = quantization && formOf(quantization, shape, { pieces, sensitive });
    if (form === undefined) return undefined;
    const full = fullName(name);
    collector.request(full, shape);
    const change = live?.get(full);
    return quantizedMatrices(g, {
      name: full,
      shape,
      pieces,
      form,
      type: precision,
      roundsRows: cpu,
      change,
    });
  };
  const netOf = (type: Precision, wide: Net | undefined): Net => {
    const quantizedHere = wide && quantized;
    const net: Net = {
      g,
      dialect,
      type,
      get island() {
        return wide ?? net;
      },
      scope: (name, body) => g.scope(name, body),
      weight: (...request) => cast(g, weight(...request), type),
      matrix: (name, shape, { sensitive, fewRows } = {}) =>
        quantizedHere?.(name, shape, 1, sensitive)?.[0] ??
        (cpu && !fewRows ? pieceMatrix(name, shape) : matrixOf(cast(g, weight(name, shape), type))),
      matrices(name, shape, count) {
        const pieces = cpu ? quantizedHere?.(name, shape, count) : undefined;
        if (pieces !== undefined) return pieces;
        const full = cuttable(name, shape);
        return full === undefined
          ? undefined
          : g.weightParts(full, [shape[0], 1, shape[1]], count).map(pieceMatrixOf);
      },
      pieces(name, shape, count) {
        const full = fullName(name);
        collector.request(full, shape);
        return g.weightParts(full, shape, count, precision).map((piece) => cast(g, piece, type));
      },
      convolution(name, shape, form) {
        if (cpu && form) return rowConvolution(name, shape, form);
        const { weight: own, branch } = convolution(name, shape);
        const of = (value: Value): Value => cast(g, value, type);
        return { weight: of(own), branch: branch && { down: of(branch.down), up: of(branch.up) } };
      },
      has: (name) => collector.has(fullName(name)),
    };
    return net;
  };
  const wide = netOf('float32', undefined);
  return precision === 'float32' && quantization === undefined ? wide : netOf(precision, wide);
}
