import { configFields, type JsonConfig } from './config-fields.js';
import { weightShapes } from './weight-shapes.js';
import type { WeightSource } from './weight-source.js';

/** Shape of a VAE of the Stable Diffusion 1.x family. Names follow diffusers `vae/config.json`. */
export interface VaeConfig {
  /** Channels of images: 3. */
  readonly imageChannels: number;
  readonly latentChannels: number;
  /** Channels of each level, from the finest; SD 1.5: 128, 256, 512, 512. */
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly normNumGroups: number;
  /** Latents given to the UNet are the VAE's times this; SD 1.5: 0.18215. */
  readonly scalingFactor: number;
}

/** Pixels a latent pixel stands for, in each direction: 8 in SD 1.5. */
export function latentScale(config: VaeConfig): number {
  return 2 ** (config.blockOutChannels.length - 1);
}

/** Rows of norm statistics that are enough for each of a VAE's two networks: see `normStatistics`. */
export function normRows({ blockOutChannels, layersPerBlock }: VaeConfig): number {
  const [middle, head] = [5, 1];
  return 2 * blockOutChannels.length * (layersPerBlock + 1) + middle + head;
}

/**
 * A VAE's shape: sizes from its tensors, groups and scaling factor from `config.json` or, where there is none, Stable
 * Diffusion 1.5's values: 32 groups, 0.18215.
 * @throws `unsupported` for a VAE of another family, `weights-mismatch` for an incomplete one.
 */
export function readVaeConfig(weights: WeightSource, json?: JsonConfig): VaeConfig {
  const shapes = weightShapes(weights, 'vae');
  const fields = configFields(`${weights.label} (vae)`, json);
  fields.require({ act_fn: 'silu', shift_factor: null, latents_mean: null, latents_std: null });
  const levels = shapes.count('decoder.up_blocks.');
  const width = (level: number): number =>
    shapes.size(`decoder.up_blocks.${levels - 1 - level}.resnets.0.conv1.weight`, 0);
  return {
    imageChannels: shapes.size('decoder.conv_out.weight', 0),
    latentChannels: shapes.size('decoder.conv_in.weight', 1),
    blockOutChannels: Array.from({ length: levels }, (_, level) => width(level)),
    layersPerBlock: shapes.count('decoder.up_blocks.0.resnets.') - 1,
    normNumGroups: fields.number('norm_num_groups', 32),
    scalingFactor: fields.number('scaling_factor', 0.18215),
  };
}
