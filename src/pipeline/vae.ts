import { asFloat32, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { latentScale, normRows, type VaeConfig } from '../models/vae-config.js';
import { type ComponentOptions, invalid } from './component-options.js';
import { entry } from './latents.js';
import type { Networks } from './networks.js';
import { joinRows } from './tensor-rows.js';
import { noStatistics } from './tile-statistics.js';
import { runCount, tiledRun } from './tiled-run.js';
import { type VaeTiling, vaeNetwork, vaeTiles } from './vae-tiling.js';

/** Options of the VAE's calls. */
export interface VaeOptions extends ComponentOptions {
  /** See {@link VaeTiling}. Default `auto`. */
  tiling?: VaeTiling | undefined;
  /** Told after each run of the network: one, or two and more for each tile of each image, which are then taken singly. */
  onRun?: ((done: number, total: number) => void) | undefined;
}

/** Images to latents and back. */
export interface Vae {
  /** Latents given to the UNet are the VAE's times this: 0.18215 in SD 1.5. */
  readonly scalingFactor: number;
  /** Pixels a latent pixel stands for in each direction: 8. */
  readonly latentScale: number;
  /** Images `[images, 3, 8*height, 8*width]`, about -1 to 1, of latents `[images, 4, height, width]`, unscaled. */
  decode(latents: Float32Tensor, options?: VaeOptions): Promise<Float32Tensor>;
  /** Mean and log variance `[images, 4, height/8, width/8]`, unscaled, of images `[images, 3, height, width]` in -1 to 1. */
  encode(
    images: Float32Tensor,
    options?: VaeOptions,
  ): Promise<{ mean: Float32Tensor; logvar: Float32Tensor }>;
}

/** One of the VAE's two networks. */
interface Half {
  readonly network: 'vae_decoder' | 'vae_encoder';
  readonly input: string;
  readonly outputs: readonly string[];
  /** Pixels for each latent pixel. */
  readonly scale: { readonly input: number; readonly output: number };
}

/** The VAE of an opened model. */
export function vae(config: VaeConfig, nets: Networks): Vae {
  const scale = latentScale(config);
  const decoder: Half = {
    network: 'vae_decoder',
    input: 'latents',
    outputs: ['image'],
    scale: { input: 1, output: scale },
  };
  const encoder: Half = {
    network: 'vae_encoder',
    input: 'image',
    outputs: ['mean', 'logvar'],
    scale: { input: scale, output: 1 },
  };
  const run = (half: Half, images: Float32Tensor, options: VaeOptions): Promise<Float32Tensor[]> =>
    runHalf(config, nets, half, images, options);
  return {
    scalingFactor: config.scalingFactor,
    latentScale: scale,
    async decode(latents, options = {}) {
      if (latents.shape.length !== 4 || latents.shape[1] !== config.latentChannels) {
        invalid(
          `latents: expected [images, ${config.latentChannels}, height, width], got [${latents.shape.join(', ')}]`,
        );
      }
      const [image] = await run(decoder, latents, options);
      return image!;
    },
    async encode(images, options = {}) {
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
      const [mean, logvar] = await run(encoder, images, options);
      return { mean: mean!, logvar: logvar! };
    },
  };
}

async function runHalf(
  config: VaeConfig,
  nets: Networks,
  { network, input, outputs, scale }: Half,
  images: Float32Tensor,
  { signal, onProgress, tiling, onRun }: VaeOptions,
): Promise<Float32Tensor[]> {
  const [count = 0, , height = 0, width = 0] = images.shape;
  const plan = vaeTiles(height / scale.input, width / scale.input, latentScale(config), tiling);
  if (plan === undefined || count === 0) {
    const feeds = { [input]: float32Tensor(images.data.slice(), images.shape) };
    const output = await nets.use(vaeNetwork(network, plan), { signal, onProgress }, (session) =>
      session.run(feeds, { signal }),
    );
    onRun?.(1, 1);
    return outputs.map((name) => asFloat32(output[name], name));
  }
  const unknown = noStatistics(normRows(config), config.normNumGroups);
  const total = count * runCount(plan);
  let done = 0;
  const ran = (): void => onRun?.(++done, total);
  return nets.use(vaeNetwork(network, plan), { signal, onProgress }, async (session) => {
    const results: (readonly Float32Tensor[])[] = [];
    for (let index = 0; index < count; index++) {
      const image = entry(images, index);
      results.push(
        await tiledRun({ session, input, outputs, image, plan, scale, unknown, signal, onRun: ran }),
      );
    }
    return outputs.map((_, index) => joinRows(results.map((each) => each[index]!)));
  });
}
