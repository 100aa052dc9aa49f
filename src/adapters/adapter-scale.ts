import * as z from 'zod/mini';

/**
 * How an adapter's changes get into the network.
 *
 * - `fused`: added to the weights. Costs nothing per step; changing the scale means loading the network again.
 * - `live`: kept beside the weights, so that the scale is an input of each run.
 */
export type AdapterMode = 'fused' | 'live';

/**
 * Scales by part. A weight's scale is that of its component times that of its block; what is not given is 1. So
 * `{ unet: 0.8, mid: 0 }` is 0.8 in the image UNet except for its middle block.
 */
export interface AdapterScales {
  /** Weights of the text encoder. */
  textEncoder?: number | undefined;
  /** Weights of the image UNet. */
  unet?: number | undefined;
  /** Weights of the motion module. */
  motion?: number | undefined;
  /** Image and motion weights of the UNet's down blocks. */
  down?: number | undefined;
  /** Image and motion weights of the UNet's middle block. */
  mid?: number | undefined;
  /** Image and motion weights of the UNet's up blocks. */
  up?: number | undefined;
}

/** How strongly an adapter acts: one number for all it changes, or numbers by part. Negative values reverse it. */
export type AdapterScale = number | Readonly<AdapterScales>;

/** The network that a weight belongs to. */
export type WeightComponent = 'textEncoder' | 'unet' | 'motion';

/** The part of the UNet that a weight lies in; `other` for its first and last layers and the text encoder. */
export type WeightBlock = 'down' | 'mid' | 'up' | 'other';

/** Where a weight lies. */
export interface WeightPlace {
  /** The network. */
  readonly component: WeightComponent;
  /** The part of it. */
  readonly block: WeightBlock;
}

const blocks: readonly (readonly [prefix: string, block: WeightBlock])[] = [
  ['down_blocks.', 'down'],
  ['mid_block.', 'mid'],
  ['up_blocks.', 'up'],
];

/** Tells where the weight of a canonical name lies. */
export function weightPlace(name: string): WeightPlace {
  if (name.startsWith('text_model.')) return { component: 'textEncoder', block: 'other' };
  const component = name.includes('.motion_modules.') ? 'motion' : 'unet';
  const block = blocks.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 'other';
  return { component, block };
}

/** The number that a scale comes to for the weight of a canonical name. */
export function scaleOf(scale: AdapterScale, name: string): number {
  if (typeof scale === 'number') return scale;
  const { component, block } = weightPlace(name);
  return (scale[component] ?? 1) * (block === 'other' ? 1 : (scale[block] ?? 1));
}

/** Schema of an {@link AdapterScale}. */
export function scaleSchema(): z.ZodMiniType<AdapterScale> {
  const part = z.optional(z.number());
  const parts = { textEncoder: part, unet: part, motion: part, down: part, mid: part, up: part };
  return z.union([z.number(), z.strictObject(parts)], {
    error: `expected a finite number, or an object of them by part (${Object.keys(parts).join(', ')})`,
  });
}
