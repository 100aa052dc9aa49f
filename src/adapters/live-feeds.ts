import { elementCount, float32Tensor, type Tensor } from '../core/tensor.js';
import { type LiveChange, type LiveWeights, liveInputs } from '../models/live-weights.js';
import type { LiveModule, LiveModules } from './live-modules.js';

/** A live adapter as it acts at one moment. */
export interface ActiveLive {
  readonly modules: LiveModules;
  /** Its factor for the weight of a canonical name. */
  scale(name: string): number;
}

/** What the graph must offer so that these adapters can change it, joined with what it offers already. */
export function liveWeightsFor(
  adapters: readonly LiveModules[],
  known: LiveWeights = new Map(),
): LiveWeights {
  const targets = new Map<string, LiveChange>(known);
  for (const [name, module] of adapters.flatMap((modules) => [...modules])) {
    const before = targets.get(name) ?? { rank: 0, dense: false };
    targets.set(
      name,
      module.kind === 'dense' ? { ...before, dense: true } : { ...before, rank: before.rank + module.rank },
    );
  }
  return targets;
}

/** What two graphs offer, in one. */
export function joinedLiveWeights(known: LiveWeights, others: LiveWeights): LiveWeights {
  const all = new Map(known);
  for (const [name, { rank, dense }] of others) {
    const before = known.get(name);
    all.set(name, {
      rank: Math.max(rank, before?.rank ?? 0),
      dense: dense || before?.dense === true,
    });
  }
  return all;
}

/** Whether a graph that offers `known` serves all that `needed` asks for. */
export function offers(known: LiveWeights, needed: LiveWeights): boolean {
  return [...needed].every(([name, { rank, dense }]) => {
    const change = known.get(name);
    return change !== undefined && (rank === 0 || change.rank > 0) && (!dense || change.dense);
  });
}

/**
 * The inputs of one run: the matrices of all adapters side by side, their scales in the first of each pair. A weight
 * that none of them changes is fed zeros. New arrays each time: a backend may take them away.
 * @param shape Of the weight of a canonical name.
 */
export function liveFeeds(
  targets: LiveWeights,
  adapters: readonly ActiveLive[],
  shape: (name: string) => readonly number[],
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const [name, change] of targets) {
    const active = adapters.flatMap(({ modules, scale }) => {
      const module = modules.get(name);
      const factor = module ? scale(name) : 0;
      return module && factor !== 0 ? [{ module, factor }] : [];
    });
    const inputs = liveInputs(name);
    const sizes = shape(name);
    const rows = sizes[0]!;
    if (change.rank > 0) {
      const parts = active.flatMap(({ module, factor }) =>
        module.kind === 'low-rank' ? [{ ...module, factor }] : [],
      );
      const { up, down, rank } = stackedMatrices(parts, rows, elementCount(sizes) / rows);
      feeds[inputs.up] = float32Tensor(up, [rows, rank]);
      feeds[inputs.down] = float32Tensor(down, [rank, elementCount(sizes) / rows]);
    }
    if (change.dense) feeds[inputs.delta] = float32Tensor(summed(active, elementCount(sizes)), sizes);
  }
  return feeds;
}

interface Active {
  readonly module: LiveModule;
  readonly factor: number;
}

/** A product to add, and how strongly. */
export interface ScaledProduct {
  readonly up: Float32Array;
  readonly down: Float32Array;
  readonly rank: number;
  readonly factor: number;
}

/** Several products as one: the matrices side by side, their factors in `up`. */
export function stackedMatrices(
  parts: readonly ScaledProduct[],
  rows: number,
  columns: number,
): { readonly up: Float32Array; readonly down: Float32Array; readonly rank: number } {
  // Tensors without elements trouble some runtimes: one rank of zeros stands for none.
  const rank = Math.max(
    parts.reduce((sum, part) => sum + part.rank, 0),
    1,
  );
  const up = new Float32Array(rows * rank);
  const down = new Float32Array(rank * columns);
  let first = 0;
  for (const part of parts) {
    for (let row = 0; row < rows; row++) {
      for (let r = 0; r < part.rank; r++) {
        up[row * rank + first + r] = part.factor * part.up[row * part.rank + r]!;
      }
    }
    down.set(part.down, first * columns);
    first += part.rank;
  }
  return { up, down, rank };
}

function summed(active: readonly Active[], count: number): Float32Array {
  const sum = new Float32Array(count);
  for (const { module, factor } of active) {
    if (module.kind !== 'dense') continue;
    const { delta } = module;
    for (let i = 0; i < count; i++) sum[i] = sum[i]! + factor * delta[i]!;
  }
  return sum;
}
