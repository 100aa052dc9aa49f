import type { ModelArtifact } from '../backends/backend.js';
import { split } from '../onnx/shape-ops.js';
import type { Value } from '../onnx/value.js';
import { buildArtifact } from './artifact.js';
import { conv } from './nn/layers.js';
import { asCompute, type Net } from './nn/net.js';
import { type VaeShape, vaeHead, vaeMiddle, vaeResnet, vaeShape } from './nn/vae-blocks.js';
import type { VaeRequest } from './vae-decoder.js';

/**
 * The encoder of the autoencoder (diffusers `AutoencoderKL.encode`). Input `image` float32
 * `['images', 3, 'height', 'width']`, -1 to 1, sides multiples of 8; outputs `mean` and `logvar` float32
 * `[images, latentChannels, height/8, width/8]`, not yet times the scaling factor.
 */
export function buildVaeEncoder(request: VaeRequest): Promise<ModelArtifact> {
  const { config, tiles } = request;
  return buildArtifact('vae_encoder', request, (net) => {
    const { g } = net;
    const shape = vaeShape(net, config, tiles);
    const { mean, logvar } = emitVaeEncoder(net, shape, imageInput(net, shape));
    g.output('mean', mean);
    g.output('logvar', logvar);
    shape.statistics?.finish();
  });
}

/** Images as an input named `image`, float32. */
export function imageInput({ g }: Net, { statistics, imageChannels }: VaeShape): Value {
  return g.input('image', 'float32', [statistics ? 1 : 'images', imageChannels, 'height', 'width']);
}

/** Writes the encoder: what it says of float32 images. */
export function emitVaeEncoder(
  net: Net,
  config: VaeShape,
  image: Value,
): { readonly mean: Value; readonly logvar: Value } {
  const { g } = net;
  const { latentChannels, blockOutChannels, layersPerBlock } = config;
  const encoded = net.scope('encoder', () => {
    let h: Value = conv(net, 'conv_in', asCompute(net, image), { outChannels: blockOutChannels[0]! });
    blockOutChannels.forEach((outChannels, block) => {
      h = net.scope(`down_blocks.${block}`, () => {
        let x = h;
        for (let index = 0; index < layersPerBlock; index++) {
          x = vaeResnet(net, `resnets.${index}`, x, outChannels, config);
        }
        if (block === blockOutChannels.length - 1) return x;
        // Zeros on the right and below only, unlike the UNet's downsampling.
        return net.scope('downsamplers.0', () =>
          conv(net, 'conv', x, { outChannels, stride: 2, pads: [0, 0, 1, 1] }),
        );
      });
    });
    return vaeHead(net, vaeMiddle(net, h, config), 2 * latentChannels, config);
  });
  const moments = net.has('quant_conv.weight')
    ? conv(net.island, 'quant_conv', encoded, { outChannels: 2 * latentChannels, kernel: 1 })
    : encoded;
  const [mean, logvar] = split(g, moments, 2, 1);
  return { mean: mean!, logvar: logvar! };
}
