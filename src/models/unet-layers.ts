import { type Dim, multiplyDims } from '../onnx/dim.js';
import { concat, reshape, transpose } from '../onnx/shape-ops.js';
import type { Value } from '../onnx/value.js';
import type { NetworkRequest } from './artifact.js';
import type { Clip } from './nn/clip.js';
import { type FreeU, freeU } from './nn/free-u.js';
import { groupNorm } from './nn/group-norm.js';
import { conv, swish } from './nn/layers.js';
import { type MotionOptions, motionModule } from './nn/motion-module.js';
import { asCompute, type Net } from './nn/net.js';
import { resnet } from './nn/resnet.js';
import { type PromptContext, spatialTransformer } from './nn/spatial-transformer.js';
import { timeEmbedding } from './nn/time-embedding.js';
import { viewInputs } from './nn/view-windows.js';
import {
  type MotionConfig,
  type MotionGroupNorm,
  motionModuleCount,
  type UnetConfig,
} from './unet-config.js';
import type { UnetForm } from './unet-form.js';

/** What a UNet is built from. */
export interface UnetRequest extends NetworkRequest {
  config: UnetConfig;
  /** The module to inject, with how its norms count; none gives the image model. */
  motion?: { config: MotionConfig; version: string; groupNorm: MotionGroupNorm } | undefined;
  /** What stands in the places of motion modules when there is no module; none gives the image model. */
  frameLayer?: FrameLayer | undefined;
  /** What the graph can do besides; default: nothing. */
  form?: UnetForm | undefined;
}

/**
 * Writes a layer over the frames, such as one to compare motion modules with, over images `[batch*frames, channels, height, width]`.
 * @param name Of the module in whose place it stands: its weights are below.
 */
export type FrameLayer = (net: Net, name: string, x: Value, clip: Clip) => Value;

/** What all layers of one UNet share. */
export interface Trunk {
  readonly config: UnetConfig;
  /** How the images belong together. */
  readonly clip: Clip;
  /** The noisy latents as images `[batch*frames, channels, height, width]`. */
  readonly images: Value;
  readonly time: Value;
  readonly context: PromptContext;
  readonly motion: MotionOptions | undefined;
  readonly frameLayer: FrameLayer | undefined;
  readonly freeU: FreeU | undefined;
  /** Set where residual blocks normalise over all frames. */
  readonly acrossFrames: Clip | undefined;
}

/** Declares the inputs that every UNet has. */
export function unetTrunk(net: Net, { config, motion, frameLayer, form }: UnetRequest): Trunk {
  const { g } = net;
  const sample = g.input('sample', 'float32', ['batch', config.inChannels, 'frames', 'height', 'width']);
  const size = config.blockOutChannels[0]!;
  const time = g.input('time', 'float32', ['times', size]);
  const context = g.input('context', 'float32', ['contexts', 'tokens', config.crossAttentionDim]);
  const [batch, , frames, height, width] = sample.shape as [Dim, Dim, Dim, Dim, Dim];
  const clip: Clip = { batch, frames };
  const [contexts, tokens] = context.shape as [Dim, Dim];
  const shared = {
    config,
    clip,
    time: timeEmbedding(net, time, 4 * size),
    context: {
      contexts,
      rows: reshape(g, asCompute(net, context), [multiplyDims(contexts, tokens), config.crossAttentionDim]),
    },
    motion: motion && {
      heads: motion.config.attentionHeads,
      groups: motion.config.normNumGroups,
      maxFrames: motion.config.maxFrames,
      clip,
      normAcrossFrames: motion.groupNorm === 'diffusers',
      effect: asCompute(
        net,
        g.input('motion_effect', 'float32', [motionModuleCount(config), 'batch', 'frames']),
      ),
      keyScale: asCompute(net, g.input('motion_scale', 'float32', [motionModuleCount(config), 'frames'])),
      views: form?.viewWindows ? viewInputs(net) : undefined,
    },
    frameLayer,
    freeU: form?.freeU ? freeU(g, form.freeU, config) : undefined,
    acrossFrames: motion?.groupNorm === 'original' && motion.version === 'v1' ? clip : undefined,
  };
  const images = reshape(g, transpose(g, asCompute(net, sample), [0, 2, 1, 3, 4]), [
    multiplyDims(batch, frames),
    config.inChannels,
    height,
    width,
  ]);
  return { ...shared, images };
}

/** What every UNet begins with: the first of the outputs that are kept for the way up. */
export function convIn(net: Net, { config, images }: Trunk): Value {
  return conv(net, 'conv_in', images, { outChannels: config.blockOutChannels[0]! });
}

/** The first layers of a level on the way down; each output is added to `skips`, whose last they begin from. */
export function downLayers(net: Net, trunk: Trunk, skips: Value[], level: number, count: number): void {
  net.scope(`down_blocks.${level}`, () => {
    for (let index = 0; index < count; index++) {
      const place = level * trunk.config.layersPerBlock + index;
      skips.push(layer(net, trunk, skips.at(-1)!, { level, index, place }));
    }
  });
}

/** Which layers of a level, by index; the last is left out. */
export interface LayerRange {
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

/** Layers of a level on the way up; takes the skips from the end. */
export function upLayers(
  net: Net,
  trunk: Trunk,
  x: Value,
  skips: Value[],
  { level, from, to }: LayerRange,
): Value {
  const { blockOutChannels, layersPerBlock } = trunk.config;
  const levels = blockOutChannels.length;
  const block = levels - 1 - level;
  let h = x;
  net.scope(`up_blocks.${block}`, () => {
    for (let index = from; index < to; index++) {
      const place = levels * layersPerBlock + 1 + block * (layersPerBlock + 1) + index;
      const skip = skips.pop()!;
      const both = trunk.freeU?.(h, skip, { level, index }) ?? concat(net.g, [h, skip], 1);
      h = layer(net, trunk, both, { level, index, place });
    }
  });
  return h;
}

/** The last norm and convolution: the predicted noise in the sample's shape. */
export function noiseHead(net: Net, { config, clip, images, acrossFrames }: Trunk, x: Value): Value {
  const { normNumGroups: groups, normEps: epsilon, outChannels } = config;
  // In float32: nothing that follows takes the output's rounding away.
  const { g, island } = net;
  const normal = groupNorm(island, 'conv_norm_out', x, { groups, epsilon, acrossFrames });
  const noise = conv(island, 'conv_out', swish(island, normal), { outChannels });
  const [, , height, width] = images.shape as [Dim, Dim, Dim, Dim];
  const clips = reshape(g, noise, [clip.batch, clip.frames, outChannels, height, width]);
  return transpose(g, clips, [0, 2, 1, 3, 4]);
}

/** A residual block of a level. */
export function residual(net: Net, trunk: Trunk, x: Value, level: number, index: number): Value {
  const { normNumGroups: groups, normEps: epsilon, blockOutChannels } = trunk.config;
  const { time, acrossFrames } = trunk;
  // The deepest level has the most weights and the fewest pixels, 4×4 for a picture of 256×256.
  const rowsAtATime = level === blockOutChannels.length - 1 ? 2 : 4;
  const outChannels = blockOutChannels[level]!;
  return resnet(net, `resnets.${index}`, x, {
    outChannels,
    groups,
    epsilon,
    time,
    acrossFrames,
    rowsAtATime,
  });
}

/** A spatial transformer. */
export function transformer(net: Net, trunk: Trunk, x: Value, level: number, index: number): Value {
  const { attentionHeads, normNumGroups: groups, transformerDepth: depth } = trunk.config;
  const { context } = trunk;
  return spatialTransformer(net, `attentions.${index}`, x, {
    heads: attentionHeads[level]!,
    groups,
    depth,
    context,
  });
}

/** The motion module at a place among all, if there are any, or what stands for it. */
export function motionAt(
  net: Net,
  { motion, frameLayer, clip }: Trunk,
  x: Value,
  index: number,
  place: number,
): Value {
  const name = `motion_modules.${index}`;
  if (motion === undefined) return frameLayer?.(net, name, x, clip) ?? x;
  return motionModule(net, name, x, place, motion);
}

/** Where a layer stands: its level, its index in the block, and its motion module's place among all. */
interface LayerPlace {
  readonly level: number;
  readonly index: number;
  readonly place: number;
}

/** Residual block, spatial transformer where the level has them, motion module. */
function layer(net: Net, trunk: Trunk, x: Value, { level, index, place }: LayerPlace): Value {
  const { levelHasAttention } = trunk.config;
  const h = residual(net, trunk, x, level, index);
  const attended = levelHasAttention[level] ? transformer(net, trunk, h, level, index) : h;
  return motionAt(net, trunk, attended, index, place);
}
