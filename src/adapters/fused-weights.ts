import { AnimateDiffError } from '../core/errors.js';
import { firstNonFinite } from '../core/finite.js';
import type { ReadOptions } from '../core/source.js';
import type { Warning } from '../core/warnings.js';
import type { ReplacedWeights } from '../models/artifact.js';
import { matrixNames } from '../models/live-weights.js';
import type { WeightSource } from '../models/weight-source.js';
import { adaptedWeights } from './adapted-weights.js';
import { scaleOf } from './adapter-scale.js';
import { stackedMatrices } from './live-feeds.js';
import { isLowRank, lowRankOf } from './low-rank.js';
import { changesBias, type PlacedAdapter, type Placement } from './place-adapter.js';

interface Factor {
  readonly placed: PlacedAdapter;
  readonly placement: Placement;
  readonly scale: number;
  readonly rank: number;
}

/**
 * How fused adapters change a network's weights: plain LoRA as matrices that the runtime multiplies while it loads the
 * network; everything else merged here. `undefined` when they change nothing of it. At scale 0 a weight is the file's
 * own, to the bit.
 */
export function fusedWeights(
  base: WeightSource,
  adapters: readonly PlacedAdapter[],
  onWarning: (warning: Warning) => void,
): ReplacedWeights | undefined {
  const fused = adapters.filter(({ opened }) => opened.adapter.mode === 'fused');
  const factors = factorsOf(base, fused);
  const names = mergedHere(base, fused);
  if (factors.size === 0 && names.size === 0) return undefined;
  const merges = ({ module }: Placement): boolean => !isLowRank(module);
  const adapted = adaptedWeights(base, fused, { onWarning, merges });
  const whole = adaptedWeights(base, fused, { onWarning });
  const matrices = new Map<string, { readonly name: string; readonly side: 'up' | 'down' }>();
  for (const name of factors.keys()) {
    const { up, down } = matrixNames(name);
    matrices.set(up, { name, side: 'up' });
    matrices.set(down, { name, side: 'down' });
  }
  return {
    names,
    products: new Map([...factors].map(([name, list]) => [name, totalRank(list)])),
    async read(name, options = {}) {
      const matrix = matrices.get(name);
      if (matrix === undefined) return adapted.read(name, options);
      const list = factors.get(matrix.name)!;
      return stacked(list, base.shape(matrix.name)!, matrix.side, options, onWarning);
    },
    readWhole: (name, options) => whole.read(name, options),
  };
}

function factorsOf(base: WeightSource, adapters: readonly PlacedAdapter[]): Map<string, Factor[]> {
  const factors = new Map<string, Factor[]>();
  for (const placed of adapters) {
    for (const placement of placed.placements) {
      const { module, target } = placement;
      const scale = scaleOf(placed.opened.adapter.scale, target.weight);
      const rank = module.delta?.rank;
      if (!isLowRank(module) || rank === undefined || scale === 0) continue;
      if (base.shape(target.weight) === undefined) continue;
      const factor = { placed, placement, scale, rank };
      factors.set(target.weight, [...(factors.get(target.weight) ?? []), factor]);
    }
  }
  return factors;
}

function mergedHere(base: WeightSource, adapters: readonly PlacedAdapter[]): Set<string> {
  const names = new Set<string>();
  for (const { opened, placements } of adapters) {
    for (const { module, target } of placements) {
      const changed = [
        ...(module.delta && !isLowRank(module) ? [target.weight] : []),
        ...(changesBias(module) ? [target.bias!] : []),
      ];
      for (const name of changed) {
        if (scaleOf(opened.adapter.scale, name) !== 0 && base.shape(name) !== undefined) names.add(name);
      }
    }
  }
  return names;
}

function totalRank(factors: readonly Factor[]): number {
  return factors.reduce((sum, { rank }) => sum + rank, 0);
}

async function stacked(
  factors: readonly Factor[],
  shape: readonly number[],
  side: 'up' | 'down',
  { signal }: ReadOptions,
  onWarning: (warning: Warning) => void,
): Promise<Float32Array> {
  const parts = [];
  for (const { placed, placement, scale } of factors) {
    const { up, down, rank, gain } = (await lowRankOf(placed.opened, placement.module, {
      signal,
      onWarning,
    }))!;
    parts.push({ up, down, rank, factor: scale * gain });
  }
  const rows = shape[0]!;
  const columns = shape.slice(1).reduce((product, size) => product * size, 1);
  const matrix = stackedMatrices(parts, rows, columns)[side];
  if (firstNonFinite(matrix) < 0) return matrix;
  const files = factors.map(({ placed }) => placed.opened.label).join(', ');
  throw new AnimateDiffError(
    'numerics',
    `${files}: a weight becomes infinite; the values or the scale are too large`,
    { details: { files, scales: factors.map(({ scale }) => scale) } },
  );
}
