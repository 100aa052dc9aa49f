import type { ModelArtifact } from '../backends/backend.js';
import { upsampleNearest2x } from '../onnx/conv.js';
import type { Value } from '../onnx/value.js';
import { buildArtifact, type NetworkRequest } from './artifact.js';
import { conv } from './nn/layers.js';
import { asCompute, type Net } from './nn/net.js';
import { type VaeShape, vaeHead, vaeMiddle, vaeResnet, vaeShape } from './nn/vae-blocks.js';
import type { VaeConfig } from './vae-config.js';

/** What {@link buildVaeDecoder} and `buildVaeEncoder` are given. */
export interface VaeRequest extends NetworkRequest {
  config: VaeConfig;
  /**
   * For tiles of one image: its norms take their statistics from the inputs and tell their own in the outputs that
   * `normStatistics` names, and `images` is 1. Default: whole images.
   */
  tiles?: boolean | undefined;
}

/**
 * The decoder of the autoencoder (Rombach et al. 2022; diffusers `AutoencoderKL.decode`).
 * Input `latents` float32 `['images', latentChannels, 'height', 'width']`, already divided by the scaling factor;
 * output `image` float32 `[images, 3, 8*height, 8*width]`, about -1 to 1.
 */
export function buildVaeDecoder(request: VaeRequest): Promise<ModelArtifact> {
  const { config, tiles } = request;
  return buildArtifact('vae_decoder', request, (net) => {
    const shape = vaeShape(net, config, tiles);
    const images = shape.statistics ? 1 : 'images';
    const latents = net.g.input('latents', 'float32', [images, config.latentChannels, 'height', 'width']);
    net.g.output('image', emitVaeDecoder(net, shape, latents));
    shape.statistics?.finish();
  });
}

/** Writes the decoder: the images that float32 latents mean. */
export function emitVaeDecoder(net: Net, config: VaeShape, given: Value): Value {
  const { latentChannels, blockOutChannels, layersPerBlock } = config;
  const latents = asCompute(net, given);
  const unquantized = net.has('post_quant_conv.weight')
    ? conv(net, 'post_quant_conv', latents, { outChannels: latentChannels, kernel: 1 })
    : latents;
  return net.scope('decoder', () => {
    let h: Value = conv(net, 'conv_in', unquantized, { outChannels: blockOutChannels.at(-1)! });
    h = vaeMiddle(net, h, config);
    blockOutChannels.toReversed().forEach((outChannels, block) => {
      h = net.scope(`up_blocks.${block}`, () => {
        let x = h;
        for (let index = 0; index <= layersPerBlock; index++) {
          x = vaeResnet(net, `resnets.${index}`, x, outChannels, config);
        }
        if (block === blockOutChannels.length - 1) return x;
        return net.scope('upsamplers.0', () =>
          conv(net, 'conv', upsampleNearest2x(net.g, x), { outChannels }),
        );
      });
    });
    return vaeHead(net, h, config.imageChannels, config);
  });
}
