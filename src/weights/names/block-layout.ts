import { range } from './count-indexed.js';
import type { Place, PlaceRanges } from './key-rule.js';

/** The size of a network of down blocks, a middle and up blocks, as far as names depend on it. */
export interface BlockLayout {
  /** Resolutions: 4 for Stable Diffusion 1.5. */
  readonly levels: number;
  /** Layers of each down block (each up block has one more): 2 for Stable Diffusion 1.5. */
  readonly layers: number;
  /** Transformer blocks per transformer: 1 for Stable Diffusion 1.5. Not used by the VAE. */
  readonly depth: number;
}

// Generous bounds that keep a hostile file from making us write out huge tables.
const maxLevels = 8;
const maxLayers = 8;
const maxDepth = 16;

/** The layout, or `undefined` where the numbers are no network's. */
export function blockLayout(levels: number, layers: number, depth: number): BlockLayout | undefined {
  const plausible = within(levels, maxLevels) && within(layers, maxLayers) && within(depth, maxDepth);
  return plausible ? { levels, layers, depth } : undefined;
}

function within(value: number, maximum: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= maximum;
}

/**
 * All places of a layout. Down and up places carry `level`, `layer` and the latent-diffusion numbers: `input` counts
 * the input blocks (one for the first convolution, then per level its layers and a downsampler), `output` the output
 * blocks, `reversed` the VAE's decoder levels, which that code numbers from the last to the first.
 */
export function blockRanges({ levels, layers, depth }: BlockLayout): PlaceRanges {
  const down = range(levels).flatMap((level) =>
    range(layers).map((layer) => ({ level, layer, input: 1 + level * (layers + 1) + layer })),
  );
  const up = range(levels).flatMap((level) =>
    range(layers + 1).map((layer) => ({
      level,
      layer,
      output: level * (layers + 1) + layer,
      reversed: levels - 1 - level,
    })),
  );
  const betweenLevels = range(levels - 1);
  return {
    root: [{}],
    down,
    up,
    downDepth: withDepth(down, depth),
    midDepth: withDepth([{}], depth),
    upDepth: withDepth(up, depth),
    downsample: betweenLevels.map((level) => ({ level, input: (level + 1) * (layers + 1) })),
    upsample: betweenLevels.map((level) => ({
      level,
      output: level * (layers + 1) + layers,
      reversed: levels - 1 - level,
    })),
  };
}

/** Every place once per transformer block, with its number as `depth`. */
export function withDepth(places: readonly Place[], depth: number): Place[] {
  return places.flatMap((place) => range(depth).map((block) => ({ ...place, depth: block })));
}
