import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { axisTiles, type TileGrid } from './tile-grid.js';
import type { TilePlan } from './tiled-run.js';

/** Sizes of the tiles that the VAE works on. */
export interface VaeTileOptions {
  /** Longest side of a tile in pixels, a multiple of 8. Default 512, the size Stable Diffusion's VAE was trained on. */
  tileSize?: number | undefined;
  /**
   * Pixels that neighbouring tiles share at least, a multiple of 8, at most half of `tileSize`. Default a quarter of it,
   * which left half the largest error that an eighth left.
   */
  overlap?: number | undefined;
}

/**
 * Whether the VAE works on tiles, for the memory of one tile instead of the whole image: never (`false`), whenever an
 * image is larger than a tile (`true`, or tiles of a size), or by the image's size (`auto`: above 768 × 768 pixels).
 */
export type VaeTiling = 'auto' | boolean | VaeTileOptions;

/**
 * Pixels of an image up to which `auto` does without tiles. Decoding frames of Stable Diffusion's size in float32 on the
 * CPU takes 2.2 GB at 512 × 512, 5.5 GB at 768 × 768 and 8.4 GB at 1024 × 1024; in tiles of 512 it takes 2.3 GB.
 */
const plainPixels = 768 * 768;
const usualTileSize = 512;

/** Schema of {@link VaeTiling} for a VAE with so many pixels a latent pixel. Fills in nothing. */
export function vaeTilingSchema(scale: number): z.ZodMiniType<VaeTiling> {
  const tiles = z.strictObject({
    tileSize: z.optional(z.int().check(z.gte(2 * scale), z.multipleOf(scale))),
    overlap: z.optional(z.int().check(z.gte(0), z.multipleOf(scale))),
  });
  const fits = z.refine<VaeTileOptions>(
    ({ tileSize = usualTileSize, overlap = 0 }) => 2 * overlap <= tileSize,
    { path: ['overlap'], error: 'Too big: expected at most half of a tile' },
  );
  return z.union([z.literal('auto'), z.boolean(), tiles.check(fits)]);
}

/**
 * Where the VAE cuts images of `height` × `width` latent pixels; `undefined` when it takes them whole.
 * @throws `invalid-options`.
 */
export function vaeTiles(
  height: number,
  width: number,
  scale: number,
  vaeTiling: VaeTiling = 'auto',
): TilePlan | undefined {
  checkOptions(z.strictObject({ vaeTiling: vaeTilingSchema(scale) }), { vaeTiling }, 'vae');
  if (vaeTiling === false || (vaeTiling === 'auto' && height * width * scale ** 2 <= plainPixels)) {
    return undefined;
  }
  const given = typeof vaeTiling === 'object' ? vaeTiling : {};
  const largest = (given.tileSize ?? usualTileSize) / scale;
  if (height <= largest && width <= largest) return undefined;
  const overlap = given.overlap === undefined ? Math.floor(largest / 4) : given.overlap / scale;
  const grid = (shared: number): TileGrid => ({
    rows: axisTiles(height, largest, shared),
    columns: axisTiles(width, largest, shared),
  });
  return { measured: grid(0), blended: grid(overlap) };
}

/** The network that one half of the VAE runs as. */
export function vaeNetwork<Half extends 'vae_decoder' | 'vae_encoder'>(
  half: Half,
  plan: TilePlan | undefined,
): Half | `${Half}_tiles` {
  return plan ? `${half}_tiles` : half;
}
