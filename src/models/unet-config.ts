import { configFields, type JsonConfig } from './config-fields.js';
import { weightShapes } from './weight-shapes.js';
import type { WeightSource } from './weight-source.js';

/** Shape of an image UNet of the Stable Diffusion 1.x family. Names follow diffusers `unet/config.json`. */
export interface UnetConfig {
  /** Channels of the latents that go in and of the noise that comes out. */
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels of each level, from the finest; SD 1.5: 320, 640, 1280, 1280. */
  readonly blockOutChannels: readonly number[];
  /** Residual blocks a level on the way down; the way up has one more. */
  readonly layersPerBlock: number;
  /** Which levels have spatial transformers, from the finest; SD 1.5: all but the last. */
  readonly levelHasAttention: readonly boolean[];
  /** Attention heads of each level; SD 1.5: 8 everywhere. */
  readonly attentionHeads: readonly number[];
  /** Transformer blocks a spatial transformer. */
  readonly transformerDepth: number;
  /** Width of the text encoder's output. */
  readonly crossAttentionDim: number;
  readonly normNumGroups: number;
  /** Epsilon of the residual blocks' norms and of the last one. */
  readonly normEps: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

/** Places for motion modules in a UNet: on the way down, one in the middle whether it is there or not, on the way up. */
export function motionModuleCount({ blockOutChannels, layersPerBlock }: UnetConfig): number {
  return blockOutChannels.length * (2 * layersPerBlock + 1) + 1;
}

/** What is known of a motion module that is to be injected. */
export interface MotionConfig {
  /** Number of frame positions; no clip may be longer. */
  readonly maxFrames: number;
  readonly attentionHeads: number;
  readonly normNumGroups: number;
}

/**
 * Where group norms of an animation UNet take their statistics. The weights were trained with `original`; `diffusers`
 * and `frame` are what that library and stable-diffusion.cpp compute.
 *
 * | | motion module | residual blocks and last norm |
 * | --- | --- | --- |
 * | `original`, module v1 | each frame | all frames |
 * | `original`, other modules | each frame | each frame |
 * | `diffusers` | all frames | each frame |
 * | `frame` | each frame | each frame |
 */
export type MotionGroupNorm = 'original' | 'diffusers' | 'frame';

/** Everything that would make the UNet another network than the one that is written here. */
const required = {
  act_fn: 'silu',
  center_input_sample: false,
  downsample_padding: 1,
  mid_block_type: 'UNetMidBlock2DCrossAttn',
  mid_block_scale_factor: 1,
  only_cross_attention: false,
  dual_cross_attention: false,
  resnet_time_scale_shift: 'default',
  resnet_skip_time_act: false,
  resnet_out_scale_factor: 1,
  time_embedding_type: 'positional',
  conv_in_kernel: 3,
  conv_out_kernel: 3,
  attention_type: 'default',
  class_embed_type: null,
  addition_embed_type: null,
  encoder_hid_dim_type: null,
  time_cond_proj_dim: null,
  cross_attention_norm: null,
  mid_block_only_cross_attention: null,
};

/**
 * A UNet's shape: sizes from its tensors, and what tensors do not tell (heads, groups, epsilons) from `config.json`
 * or, where there is none, Stable Diffusion 1.5's values: 8 heads, 32 groups.
 * @throws `unsupported` for a UNet of another family, `weights-mismatch` for an incomplete one.
 */
export function readUnetConfig(weights: WeightSource, json?: JsonConfig): UnetConfig {
  const shapes = weightShapes(weights, 'unet');
  const fields = configFields(`${weights.label} (unet)`, json);
  fields.require(required);
  const levels = shapes.count('down_blocks.');
  const level = Array.from({ length: levels }, (_, index) => index);
  const attended = level.filter((i) => shapes.has(`down_blocks.${i}.attentions.0.norm.weight`));
  const firstTransformer = `down_blocks.${attended[0] ?? 0}.attentions.0.transformer_blocks.`;
  // In diffusers' configs of this family `attention_head_dim` has always meant the number of heads.
  const heads = fields.numbers('attention_head_dim', levels, 8);
  return {
    inChannels: shapes.size('conv_in.weight', 1),
    outChannels: shapes.size('conv_out.weight', 0),
    blockOutChannels: level.map((i) => shapes.size(`down_blocks.${i}.resnets.0.conv1.weight`, 0)),
    layersPerBlock: shapes.count('down_blocks.0.resnets.'),
    levelHasAttention: level.map((i) => attended.includes(i)),
    attentionHeads: fields.numbers('num_attention_heads', levels, 0).map((n, i) => n || heads[i]!),
    transformerDepth: shapes.count(firstTransformer),
    crossAttentionDim: shapes.size(`${firstTransformer}0.attn2.to_k.weight`, 1),
    normNumGroups: fields.number('norm_num_groups', 32),
    normEps: fields.number('norm_eps', 1e-5),
    flipSinToCos: fields.boolean('flip_sin_to_cos', true),
    freqShift: fields.number('freq_shift', 0),
  };
}

/**
 * What a motion module's `config.json` tells; without one, as in the original files, the heads and groups of the
 * UNet that it is for: 8 and 32 in Stable Diffusion 1.5.
 * @param maxFrames Length of the file's position table.
 */
export function readMotionConfig(
  label: string,
  maxFrames: number,
  unet: UnetConfig,
  json?: JsonConfig,
): MotionConfig {
  const fields = configFields(`${label} (motion module)`, json);
  return {
    maxFrames,
    attentionHeads: fields.number('motion_num_attention_heads', unet.attentionHeads[0]!),
    normNumGroups: fields.number('motion_norm_num_groups', unet.normNumGroups),
  };
}
