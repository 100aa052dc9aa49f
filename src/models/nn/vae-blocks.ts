import { add } from '../../onnx/elementwise.js';
import type { Value } from '../../onnx/value.js';
import type { VaeConfig } from '../vae-config.js';
import { attention, type ProjectionNames } from './attention.js';
import { type GroupNormOptions, groupNorm } from './group-norm.js';
import { conv, swish } from './layers.js';
import type { Net } from './net.js';
import { type NormStatistics, normStatistics } from './norm-statistics.js';
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

/** A VAE's shape, and where the statistics of its norms come from, when they are not their own. */
export interface VaeShape extends VaeConfig {
  readonly statistics?: NormStatistics | undefined;
}

/** A VAE's shape for whole images, or for tiles of one that are normalised alike: see {@link normStatistics}. */
export function vaeShape({ g }: Net, config: VaeConfig, tiles: boolean | undefined): VaeShape {
  return tiles ? { ...config, statistics: normStatistics(g, config.normNumGroups) } : config;
}

function normOptions({
  normNumGroups: groups,
  statistics,
}: VaeShape): Pick<GroupNormOptions, 'groups' | 'epsilon' | 'statistics'> {
  return { groups, epsilon, statistics };
}

/** Residual block without time. */
export function vaeResnet(net: Net, name: string, x: Value, outChannels: number, config: VaeShape): Value {
  return resnet(net, name, x, { outChannels, ...normOptions(config) });
}

/** The middle: residual block, one-headed attention over the pixels of each image, residual block. */
export function vaeMiddle(net: Net, x: Value, config: VaeShape): Value {
  const channels = x.shape[1] as number;
  return net.scope('mid_block', () => {
    const h = vaeResnet(net, 'resnets.0', x, channels, config);
    const attended = net.has('attentions.0.group_norm.weight') ? vaeAttention(net, h, config) : h;
    return vaeResnet(net, 'resnets.1', attended, channels, config);
  });
}

function vaeAttention(net: Net, x: Value, config: VaeShape): Value {
  return net.scope('attentions.0', () => {
    const normal = groupNorm(net, 'group_norm', x, normOptions(config));
    const rows = attention(net, toTokens(net, normal), {
      heads: 1,
      names: projections,
      sequences: x.shape[0]!,
    });
    return add(net.g, toImages(net, rows, x), x);
  });
}

/** Norm, SiLU and convolution that end encoder and decoder, in float32. */
export function vaeHead({ island }: Net, x: Value, outChannels: number, config: VaeShape): Value {
  const normal = groupNorm(island, 'conv_norm_out', x, normOptions(config));
  return conv(island, 'conv_out', swish(island, normal), { outChannels });
}
