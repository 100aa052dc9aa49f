import type { ModelArtifact } from '../backends/backend.js';
import { resizeNearest } from '../onnx/conv.js';
import { type Dim, multiplyDims } from '../onnx/dim.js';
import { concat, reshape, transpose } from '../onnx/shape-ops.js';
import type { Value } from '../onnx/value.js';
import { buildArtifact, type NetworkRequest } from './artifact.js';
import type { Clip } from './nn/clip.js';
import { groupNorm } from './nn/group-norm.js';
import { conv, swish } from './nn/layers.js';
import { type MotionOptions, motionModule } from './nn/motion-module.js';
import type { Net } from './nn/net.js';
import { resnet } from './nn/resnet.js';
import { type PromptContext, spatialTransformer } from './nn/spatial-transformer.js';
import { timeEmbedding } from './nn/time-embedding.js';
import type { MotionConfig, MotionGroupNorm, UnetConfig } from './unet-config.js';
import type { UnetForm } from './unet-form.js';

/** What {@link buildUnet} is given. */
export interface UnetRequest extends NetworkRequest {
  config: UnetConfig;
  /** The module to inject, with how its norms count; none gives the image model. */
  motion?: { config: MotionConfig; version: string; groupNorm: MotionGroupNorm } | undefined;
  /** What the graph can do besides; default: nothing. */
  form?: UnetForm | undefined;
}

/**
 * The denoising UNet of Stable Diffusion 1.x with a motion module after every spatial block (Guo et al. 2023, section
 * 4.2). Inputs, all sizes in quotes free at run time:
 *
 * - `sample` float32 `['batch', 4, 'frames', 'height', 'width']`: noisy latents;
 * - `time` float32 `[1, blockOutChannels[0]]`: the timestep's waves, see `timestepWaves`;
 * - `context` float32 `['contexts', 'tokens', crossAttentionDim]`: the prompts; `contexts` divides `batch * frames`,
 *   consecutive images share one;
 * - with a motion module, `motion_effect` float32 `[modules, 'batch', 'frames']`: factors of the modules' effects, 1 as
 *   trained and 0 for the image model alone; `motion_scale` float32 `[modules, 'frames']`: factors of the temporal
 *   attention's keys. Modules are counted down, middle, up; see `motionModuleCount`.
 *
 * Output: `noise` in the sample's shape.
 */
export function buildUnet(request: UnetRequest): Promise<ModelArtifact> {
  return buildArtifact('unet', request, (net) => emitUnet(net, request));
}

/** Places for motion modules in a UNet: on the way down, one in the middle whether it is there or not, on the way up. */
export function motionModuleCount({ blockOutChannels, layersPerBlock }: UnetConfig): number {
  return blockOutChannels.length * (2 * layersPerBlock + 1) + 1;
}

/** What all blocks of one UNet share. */
interface Trunk {
  readonly config: UnetConfig;
  readonly time: Value;
  readonly context: PromptContext;
  readonly motion: MotionOptions | undefined;
  /** Set where residual blocks normalise over all frames. */
  readonly acrossFrames: Clip | undefined;
}

function emitUnet(net: Net, { config, motion }: UnetRequest): void {
  const { g } = net;
  const sample = g.input('sample', 'float32', ['batch', config.inChannels, 'frames', 'height', 'width']);
  const size = config.blockOutChannels[0]!;
  const time = g.input('time', 'float32', [1, size]);
  const context = g.input('context', 'float32', ['contexts', 'tokens', config.crossAttentionDim]);
  const [batch, , frames, height, width] = sample.shape as [Dim, Dim, Dim, Dim, Dim];
  const clip: Clip = { batch, frames };
  const [contexts, tokens] = context.shape as [Dim, Dim];
  const trunk: Trunk = {
    config,
    time: timeEmbedding(net, time, 4 * size),
    context: {
      contexts,
      rows: reshape(g, context, [multiplyDims(contexts, tokens), config.crossAttentionDim]),
    },
    motion: motion && {
      heads: motion.config.attentionHeads,
      groups: motion.config.normNumGroups,
      maxFrames: motion.config.maxFrames,
      clip,
      normAcrossFrames: motion.groupNorm === 'diffusers',
      effect: g.input('motion_effect', 'float32', [motionModuleCount(config), 'batch', 'frames']),
      keyScale: g.input('motion_scale', 'float32', [motionModuleCount(config), 'frames']),
    },
    acrossFrames: motion?.groupNorm === 'original' && motion.version === 'v1' ? clip : undefined,
  };
  const images = reshape(g, transpose(g, sample, [0, 2, 1, 3, 4]), [
    multiplyDims(batch, frames),
    config.inChannels,
    height,
    width,
  ]);
  const noise = upwards(net, trunk, downwards(net, trunk, images));
  const clips = transpose(
    g,
    reshape(g, noise, [batch, frames, config.outChannels, height, width]),
    [0, 2, 1, 3, 4],
  );
  g.output('noise', clips);
}

/** The way down: every output is kept for the way up. */
function downwards(net: Net, trunk: Trunk, images: Value): Value[] {
  const { blockOutChannels, layersPerBlock } = trunk.config;
  const skips = [conv(net, 'conv_in', images, { outChannels: blockOutChannels[0]! })];
  blockOutChannels.forEach((outChannels, level) => {
    net.scope(`down_blocks.${level}`, () => {
      for (let index = 0; index < layersPerBlock; index++) {
        const place = level * layersPerBlock + index;
        skips.push(layer(net, trunk, skips.at(-1)!, { level, index, place }));
      }
      if (level === blockOutChannels.length - 1) return;
      net.scope('downsamplers.0', () => {
        skips.push(conv(net, 'conv', skips.at(-1)!, { outChannels, stride: 2, pads: [1, 1, 1, 1] }));
      });
    });
  });
  return skips;
}

/** The middle and the way up; takes the skips from the end. */
function upwards(net: Net, trunk: Trunk, skips: Value[]): Value {
  const { g } = net;
  const { config } = trunk;
  const { blockOutChannels, layersPerBlock } = config;
  const levels = blockOutChannels.length;
  let h = middle(net, trunk, skips.at(-1)!);
  for (let block = 0; block < levels; block++) {
    const level = levels - 1 - block;
    net.scope(`up_blocks.${block}`, () => {
      for (let index = 0; index <= layersPerBlock; index++) {
        const place = levels * layersPerBlock + 1 + block * (layersPerBlock + 1) + index;
        h = layer(net, trunk, concat(g, [h, skips.pop()!], 1), { level, index, place });
      }
      // The next skip's size, not twice ours: a side that is no multiple of 2 ** levels was rounded on the way down.
      const [, , height, width] = skips.at(-1)?.shape ?? [];
      if (level === 0) return;
      h = net.scope('upsamplers.0', () =>
        conv(net, 'conv', resizeNearest(g, h, height!, width!), { outChannels: blockOutChannels[level]! }),
      );
    });
  }
  const { normNumGroups: groups, normEps: epsilon } = config;
  const normal = groupNorm(net, 'conv_norm_out', h, { groups, epsilon, acrossFrames: trunk.acrossFrames });
  return conv(net, 'conv_out', swish(net, normal), { outChannels: config.outChannels });
}

function residual(net: Net, trunk: Trunk, x: Value, index: number, outChannels: number): Value {
  const { normNumGroups: groups, normEps: epsilon } = trunk.config;
  const { time, acrossFrames } = trunk;
  return resnet(net, `resnets.${index}`, x, { outChannels, groups, epsilon, time, acrossFrames });
}

function transformer(net: Net, trunk: Trunk, x: Value, level: number, index: number): Value {
  const { attentionHeads, normNumGroups: groups, transformerDepth: depth } = trunk.config;
  const { context } = trunk;
  return spatialTransformer(net, `attentions.${index}`, x, {
    heads: attentionHeads[level]!,
    groups,
    depth,
    context,
  });
}

function motionAt(net: Net, trunk: Trunk, x: Value, index: number, place: number): Value {
  if (trunk.motion === undefined) return x;
  return motionModule(net, `motion_modules.${index}`, x, place, trunk.motion);
}

/** Where a layer stands: its level, its index in the block, and its motion module's place among all. */
interface LayerPlace {
  readonly level: number;
  readonly index: number;
  readonly place: number;
}

/** Residual block, spatial transformer where the level has them, motion module. */
function layer(net: Net, trunk: Trunk, x: Value, { level, index, place }: LayerPlace): Value {
  const { blockOutChannels, levelHasAttention } = trunk.config;
  const h = residual(net, trunk, x, index, blockOutChannels[level]!);
  const attended = levelHasAttention[level] ? transformer(net, trunk, h, level, index) : h;
  return motionAt(net, trunk, attended, index, place);
}

function middle(net: Net, trunk: Trunk, x: Value): Value {
  const level = trunk.config.blockOutChannels.length - 1;
  const outChannels = trunk.config.blockOutChannels[level]!;
  return net.scope('mid_block', () => {
    const h = transformer(net, trunk, residual(net, trunk, x, 0, outChannels), level, 0);
    // Only v2 has a module here; the tensors say so.
    const moved = net.has('motion_modules.0.norm.weight')
      ? motionAt(net, trunk, h, 0, level * trunk.config.layersPerBlock + trunk.config.layersPerBlock)
      : h;
    return residual(net, trunk, moved, 1, outChannels);
  });
}
