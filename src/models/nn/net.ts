import type { FusedOperator } from '../../backends/backend.js';
import type { GraphBuilder } from '../../onnx/graph.js';
import type { Value } from '../../onnx/value.js';
import {
  type LiveConvolution,
  type LiveWeights,
  liveConvolution,
  liveWeight,
  productWeight,
} from '../live-weights.js';
import type { WeightCollector } from '../weight-collector.js';

/** What a layer needs to write itself: the graph, the fused operators, and weights named by where the layer stands. */
export interface Net {
  readonly g: GraphBuilder;
  readonly dialect: ReadonlySet<FusedOperator>;
  /** Runs `body` one level deeper: `scope('resnets.0', …)` puts `resnets.0.` before names of weights and nodes. */
  scope<T>(name: string, body: () => T): T;
  /**
   * The weight `name` of the current scope, in the shape the file gives it.
   * @param shape As in the file; sizes of 1 do not matter.
   * @param as The shape the graph wants, if another one with the same bytes.
   */
  weight(name: string, shape: readonly number[], as?: readonly number[]): Value;
  /** As `weight`, for a convolution, which may have a low-rank one beside it. */
  convolution(name: string, shape: readonly number[]): LiveConvolution;
  /** Whether the file has the weight `name` of the current scope. */
  has(name: string): boolean;
}

/** How the weights of a network differ from its file's, besides their content. */
export interface WeightChanges {
  /** Weights that the inputs of each run change. */
  readonly live?: LiveWeights | undefined;
  /** Weights that a product of two matrices is added to, with the inner size. */
  readonly products?: ReadonlyMap<string, number> | undefined;
}

/** Ties a graph to a collector of weights. */
export function makeNet(
  g: GraphBuilder,
  dialect: ReadonlySet<FusedOperator>,
  collector: WeightCollector,
  { live, products }: WeightChanges = {},
): Net {
  const fullName = (name: string): string => (g.path === '' ? name : `${g.path}.${name}`);
  // Each weight is asked for by one layer only, so its inputs and matrices are declared once.
  const ask = (name: string, shape: readonly number[], as: readonly number[]): [string, Value] => {
    const full = fullName(name);
    collector.request(full, shape);
    const weight = g.weight(full, as);
    const rank = products?.get(full);
    return [full, rank === undefined ? weight : productWeight(g, full, weight, rank)];
  };
  return {
    g,
    dialect,
    scope: (name, body) => g.scope(name, body),
    weight(name, shape, as = shape) {
      const [full, weight] = ask(name, shape, as);
      const change = live?.get(full);
      return change === undefined ? weight : liveWeight(g, full, weight, change);
    },
    convolution(name, shape) {
      const [full, weight] = ask(name, shape, shape);
      const change = live?.get(full);
      return change === undefined ? { weight, branch: undefined } : liveConvolution(g, full, weight, change);
    },
    has: (name) => collector.has(fullName(name)),
  };
}
