import type { PartRule, PlaceRule } from './key-rule.js';

// Latent-diffusion names (CompVis openaimodel.py) against diffusers' UNet2DConditionModel.

const resnet: readonly PartRule[] = [
  { from: 'in_layers.0', to: 'norm1' },
  { from: 'in_layers.2', to: 'conv1' },
  { from: 'emb_layers.1', to: 'time_emb_proj' },
  { from: 'out_layers.0', to: 'norm2' },
  { from: 'out_layers.3', to: 'conv2' },
  { from: 'skip_connection', to: 'conv_shortcut', fit: 'pointwise', optional: true },
];

// Inside a transformer both namings agree.
const transformer: readonly PartRule[] = [
  { from: 'norm', to: 'norm' },
  { from: 'proj_in', to: 'proj_in', fit: 'pointwise' },
  { from: 'proj_out', to: 'proj_out', fit: 'pointwise' },
];

const transformerBlock: readonly PartRule[] = [
  { from: 'norm1', to: 'norm1' },
  { from: 'attn1.to_q', to: 'attn1.to_q', tensors: ['weight'], fit: 'matrix' },
  { from: 'attn1.to_k', to: 'attn1.to_k', tensors: ['weight'], fit: 'matrix' },
  { from: 'attn1.to_v', to: 'attn1.to_v', tensors: ['weight'], fit: 'matrix' },
  { from: 'attn1.to_out.0', to: 'attn1.to_out.0', fit: 'matrix' },
  { from: 'norm2', to: 'norm2' },
  { from: 'attn2.to_q', to: 'attn2.to_q', tensors: ['weight'], fit: 'matrix' },
  { from: 'attn2.to_k', to: 'attn2.to_k', tensors: ['weight'], fit: 'matrix' },
  { from: 'attn2.to_v', to: 'attn2.to_v', tensors: ['weight'], fit: 'matrix' },
  { from: 'attn2.to_out.0', to: 'attn2.to_out.0', fit: 'matrix' },
  { from: 'norm3', to: 'norm3' },
  { from: 'ff.net.0.proj', to: 'ff.net.0.proj', fit: 'matrix' },
  { from: 'ff.net.2', to: 'ff.net.2', fit: 'matrix' },
];

const sampler: readonly PartRule[] = [{ from: 'conv', to: 'conv' }];

/**
 * UNet: latent-diffusion → diffusers. Ranges and their numbers are those of `unetRanges`. The up side needs no
 * reversal: output blocks are numbered in execution order already.
 */
export const unetRules: readonly PlaceRule[] = [
  {
    over: 'root',
    from: '',
    to: '',
    parts: [
      { from: 'input_blocks.0.0', to: 'conv_in' },
      { from: 'time_embed.0', to: 'time_embedding.linear_1' },
      { from: 'time_embed.2', to: 'time_embedding.linear_2' },
      { from: 'out.0', to: 'conv_norm_out' },
      { from: 'out.2', to: 'conv_out' },
      // Only in models distilled for few steps: the guidance scale is an input of theirs.
      { from: 'time_embed.cond_proj', to: 'time_embedding.cond_proj', tensors: ['weight'], optional: true },
    ],
  },
  {
    over: 'down',
    from: 'input_blocks.{input}.0',
    to: 'down_blocks.{level}.resnets.{layer}',
    parts: resnet,
  },
  {
    over: 'down',
    from: 'input_blocks.{input}.1',
    to: 'down_blocks.{level}.attentions.{layer}',
    parts: transformer,
    optional: true,
  },
  {
    over: 'downDepth',
    from: 'input_blocks.{input}.1.transformer_blocks.{depth}',
    to: 'down_blocks.{level}.attentions.{layer}.transformer_blocks.{depth}',
    parts: transformerBlock,
    optional: true,
  },
  {
    over: 'downsample',
    from: 'input_blocks.{input}.0',
    to: 'down_blocks.{level}.downsamplers.0',
    parts: [{ from: 'op', to: 'conv' }],
  },
  { over: 'root', from: 'middle_block.0', to: 'mid_block.resnets.0', parts: resnet },
  { over: 'root', from: 'middle_block.1', to: 'mid_block.attentions.0', parts: transformer },
  {
    over: 'midDepth',
    from: 'middle_block.1.transformer_blocks.{depth}',
    to: 'mid_block.attentions.0.transformer_blocks.{depth}',
    parts: transformerBlock,
  },
  { over: 'root', from: 'middle_block.2', to: 'mid_block.resnets.1', parts: resnet },
  {
    over: 'up',
    from: 'output_blocks.{output}.0',
    to: 'up_blocks.{level}.resnets.{layer}',
    parts: resnet,
  },
  {
    over: 'up',
    from: 'output_blocks.{output}.1',
    to: 'up_blocks.{level}.attentions.{layer}',
    parts: transformer,
    optional: true,
  },
  {
    over: 'upDepth',
    from: 'output_blocks.{output}.1.transformer_blocks.{depth}',
    to: 'up_blocks.{level}.attentions.{layer}.transformer_blocks.{depth}',
    parts: transformerBlock,
    optional: true,
  },
  // The upsampler is third in its block, or second where the block has no attention.
  {
    over: 'upsample',
    from: 'output_blocks.{output}.2',
    to: 'up_blocks.{level}.upsamplers.0',
    parts: sampler,
  },
  {
    over: 'upsample',
    from: 'output_blocks.{output}.1',
    to: 'up_blocks.{level}.upsamplers.0',
    parts: sampler,
  },
];
