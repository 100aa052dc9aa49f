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
