import type { WeightSource } from '../models/weight-source.js';
import { addBiasDelta, addWeightDelta } from './adapter-delta.js';
import type { AdapterReadOptions } from './adapter-gain.js';
import { lowRankOf } from './low-rank.js';
import { changesBias, type PlacedAdapter, type Placement } from './place-adapter.js';

/** What a live adapter adds to one weight at scale 1, in memory. */
export type LiveModule =
  | {
      readonly kind: 'low-rank';
      readonly rank: number;
      /** `[rows, rank]`, alpha / rank included. */
      readonly up: Float32Array;
      /** `[rank, columns]`. */
      readonly down: Float32Array;
    }
  | { readonly kind: 'dense'; readonly delta: Float32Array };

/** By canonical name of the weight or bias. */
export type LiveModules = ReadonlyMap<string, LiveModule>;

/**
 * Reads a live adapter into memory: plain LoRA as its two matrices; everything else (LoHa, LoKr, DoRA, Tucker cores,
 * full differences, biases) as the difference that it makes, which is as large as the weights that it changes.
 * @param base The weights without any adapter, which DoRA's difference depends on.
 * @throws `numerics` for NaN or infinity; the signal's reason.
 */
export async function readLiveModules(
  { opened, placements }: PlacedAdapter,
  base: WeightSource,
  options: AdapterReadOptions = {},
): Promise<LiveModules> {
  const modules = new Map<string, LiveModule>();
  for (const placement of placements) {
    const { module, target } = placement;
    if (base.shape(target.weight) === undefined) continue;
    const lowRank = await lowRankOf(opened, module, options);
    if (lowRank) {
      const { up, down, rank, gain } = lowRank;
      modules.set(target.weight, { kind: 'low-rank', rank, up: up.map((value) => gain * value), down });
    } else if (module.delta) {
      modules.set(target.weight, {
        kind: 'dense',
        delta: await difference(placement, opened, base, options),
      });
    }
    if (changesBias(module)) {
      const delta = new Float32Array(target.biasSize);
      await addBiasDelta(delta, opened, module, 1, options);
      modules.set(target.bias!, { kind: 'dense', delta });
    }
  }
  return modules;
}

async function difference(
  { module, target }: Placement,
  opened: PlacedAdapter['opened'],
  base: WeightSource,
  options: AdapterReadOptions,
): Promise<Float32Array> {
  const original = await base.read(target.weight, { signal: options.signal });
  const delta = new Float32Array(original.length);
  await addWeightDelta(delta, original, opened, module, 1, options);
  return delta;
}
