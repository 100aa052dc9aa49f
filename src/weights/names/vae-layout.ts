import { type BlockLayout, blockLayout } from './block-layout.js';
import { countIndexed } from './count-indexed.js';

/** Reads the layout of a VAE from latent-diffusion names (prefix removed), of the decoder. */
export function ldmVaeLayout(names: ReadonlySet<string>): BlockLayout | undefined {
  return blockLayout(countIndexed(names, 'decoder.up.'), countIndexed(names, 'decoder.up.0.block.') - 1, 1);
}

/** Reads the layout of a VAE from diffusers names (prefix removed), of the decoder. */
export function diffusersVaeLayout(names: ReadonlySet<string>): BlockLayout | undefined {
  const levels = countIndexed(names, 'decoder.up_blocks.');
  return blockLayout(levels, countIndexed(names, 'decoder.up_blocks.0.resnets.') - 1, 1);
}
