import { asFloat32, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { latentScale, type VaeConfig } from '../models/vae-config.js';
import { type ComponentOptions, invalid } from './component-options.js';
import type { Networks } from './networks.js';

/** Images to latents and back. */
export interface Vae {
  /** Latents given to the UNet are the VAE's times this: 0.18215 in SD 1.5. */
  readonly scalingFactor: number;
  /** Pixels a latent pixel stands for in each direction: 8. */
  readonly latentScale: number;
  /** Images `[images, 3, 8*height, 8*width]`, about -1 to 1, of latents `[images, 4, height, width]`, unscaled. */
  decode(latents: Float32Tensor, options?: ComponentOptions): Promise<Float32Tensor>;
  /** Mean and log variance `[images, 4, height/8, width/8]`, unscaled, of images `[images, 3, height, width]` in -1 to 1. */
  encode(
    images: Float32Tensor,
    options?: ComponentOptions,
  ): Promise<{ mean: Float32Tensor; logvar: Float32Tensor }>;
}

/** The VAE of an opened model. */
export function vae(config: VaeConfig, nets: Networks): Vae {
  return {
    scalingFactor: config.scalingFactor,
    latentScale: latentScale(config),
    async decode(latents, { signal, onProgress } = {}) {
      if (latents.shape.length !== 4 || latents.shape[1] !== config.latentChannels) {
        invalid(
          `latents: expected [images, ${config.latentChannels}, height, width], got [${latents.shape.join(', ')}]`,
        );
      }
      const feeds = { latents: float32Tensor(latents.data.slice(), latents.shape) };
      return nets.use('vae_decoder', { signal, onProgress }, async (session) =>
        asFloat32((await session.run(feeds, { signal }))['image'], 'image'),
      );
    },
    async encode(images, { signal, onProgress } = {}) {
      const scale = latentScale(config);
      const [, channels, height = 0, width = 0] = images.shape;
      if (
        images.shape.length !== 4 ||
        channels !== config.imageChannels ||
        height % scale !== 0 ||
        width % scale !== 0
      ) {
        invalid(
          `images: expected [images, ${config.imageChannels}, height, width] with sides that are multiples of ${scale}, got [${images.shape.join(', ')}]`,
        );
      }
      const feeds = { image: float32Tensor(images.data.slice(), images.shape) };
      return nets.use('vae_encoder', { signal, onProgress }, async (session) => {
        const output = await session.run(feeds, { signal });
        return { mean: asFloat32(output['mean'], 'mean'), logvar: asFloat32(output['logvar'], 'logvar') };
      });
    },
  };
}
