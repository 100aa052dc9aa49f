import { add } from '../../onnx/elementwise.js';
import type { Value } from '../../onnx/value.js';
import type { VaeConfig } from '../vae-config.js';
import { attention, type ProjectionNames } from './attention.js';
import { groupNorm } from './group-norm.js';
import { conv, swish } from './layers.js';
import type { Net } from './net.js';
import { resnet } from './resnet.js';
import { toImages, toTokens } from './tokens.js';

/** Epsilon of every group norm of the VAE; no config file names it. */
const epsilon = 1e-6;

const projections: ProjectionNames = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  output: 'to_out.0',
  bias: true,
};

/** Residual block without time. */
export function vaeResnet(net: Net, name: string, x: Value, outChannels: number, config: VaeConfig): Value {
  return resnet(net, name, x, { outChannels, groups: config.normNumGroups, epsilon });
}

/** The middle: residual block, one-headed attention over the pixels of each image, residual block. */
export function vaeMiddle(net: Net, x: Value, config: VaeConfig): Value {
  const channels = x.shape[1] as number;
  return net.scope('mid_block', () => {
    const h = vaeResnet(net, 'resnets.0', x, channels, config);
    const attended = net.has('attentions.0.group_norm.weight') ? vaeAttention(net, h, config) : h;
    return vaeResnet(net, 'resnets.1', attended, channels, config);
  });
}

function vaeAttention(net: Net, x: Value, config: VaeConfig): Value {
  return net.scope('attentions.0', () => {
    const normal = groupNorm(net, 'group_norm', x, { groups: config.normNumGroups, epsilon });
    const rows = attention(net, toTokens(net, normal), {
      heads: 1,
      names: projections,
      sequences: x.shape[0]!,
    });
    return add(net.g, toImages(net, rows, x), x);
  });
}

/** Norm, SiLU and convolution that end encoder and decoder. */
export function vaeHead(net: Net, x: Value, outChannels: number, config: VaeConfig): Value {
  const normal = groupNorm(net, 'conv_norm_out', x, { groups: config.normNumGroups, epsilon });
  return conv(net, 'conv_out', swish(net, normal), { outChannels });
}
