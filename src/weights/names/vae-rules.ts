import type { PartRule, PlaceRule } from './key-rule.js';

// Latent-diffusion names (CompVis diffusionmodules/model.py) against diffusers' AutoencoderKL.

const resnet: readonly PartRule[] = [
  { from: 'norm1', to: 'norm1' },
  { from: 'conv1', to: 'conv1' },
  { from: 'norm2', to: 'norm2' },
  { from: 'conv2', to: 'conv2' },
  { from: 'nin_shortcut', to: 'conv_shortcut', fit: 'pointwise', optional: true },
];

// Stored as 1×1 convolutions there, as linear layers here.
const attention: readonly PartRule[] = [
  { from: 'norm', to: 'group_norm' },
  { from: 'q', to: 'to_q', fit: 'matrix' },
  { from: 'k', to: 'to_k', fit: 'matrix' },
  { from: 'v', to: 'to_v', fit: 'matrix' },
  { from: 'proj_out', to: 'to_out.0', fit: 'matrix' },
];

// How diffusers itself named the same layers until 0.18; the original Stable Diffusion 1.5 folder still does.
const oldAttention: readonly PartRule[] = [
  { from: 'query', to: 'to_q', fit: 'matrix' },
  { from: 'key', to: 'to_k', fit: 'matrix' },
  { from: 'value', to: 'to_v', fit: 'matrix' },
  { from: 'proj_attn', to: 'to_out.0', fit: 'matrix' },
];

const ends: readonly PartRule[] = [
  { from: 'conv_in', to: 'conv_in' },
  { from: 'norm_out', to: 'conv_norm_out' },
  { from: 'conv_out', to: 'conv_out' },
];

/** VAE: latent-diffusion → diffusers. Ranges are those of `vaeRanges`; the decoder's levels run backwards. */
export const vaeRules: readonly PlaceRule[] = [
  { over: 'root', from: 'encoder', to: 'encoder', parts: ends },
  { over: 'root', from: 'decoder', to: 'decoder', parts: ends },
  {
    over: 'root',
    from: '',
    to: '',
    parts: [
      { from: 'quant_conv', to: 'quant_conv' },
      { from: 'post_quant_conv', to: 'post_quant_conv' },
    ],
  },
  {
    over: 'down',
    from: 'encoder.down.{level}.block.{layer}',
    to: 'encoder.down_blocks.{level}.resnets.{layer}',
    parts: resnet,
  },
  {
    over: 'downsample',
    from: 'encoder.down.{level}.downsample',
    to: 'encoder.down_blocks.{level}.downsamplers.0',
    parts: [{ from: 'conv', to: 'conv' }],
  },
  {
    over: 'up',
    from: 'decoder.up.{reversed}.block.{layer}',
    to: 'decoder.up_blocks.{level}.resnets.{layer}',
    parts: resnet,
  },
  {
    over: 'upsample',
    from: 'decoder.up.{reversed}.upsample',
    to: 'decoder.up_blocks.{level}.upsamplers.0',
    parts: [{ from: 'conv', to: 'conv' }],
  },
  { over: 'root', from: 'encoder.mid.block_1', to: 'encoder.mid_block.resnets.0', parts: resnet },
  { over: 'root', from: 'encoder.mid.attn_1', to: 'encoder.mid_block.attentions.0', parts: attention },
  { over: 'root', from: 'encoder.mid.block_2', to: 'encoder.mid_block.resnets.1', parts: resnet },
  { over: 'root', from: 'decoder.mid.block_1', to: 'decoder.mid_block.resnets.0', parts: resnet },
  { over: 'root', from: 'decoder.mid.attn_1', to: 'decoder.mid_block.attentions.0', parts: attention },
  { over: 'root', from: 'decoder.mid.block_2', to: 'decoder.mid_block.resnets.1', parts: resnet },
];

/** VAE: the attention names of old diffusers folders → today's. Used beside the canonical names. */
export const oldDiffusersVaeRules: readonly PlaceRule[] = [
  {
    over: 'root',
    from: 'encoder.mid_block.attentions.0',
    to: 'encoder.mid_block.attentions.0',
    parts: oldAttention,
  },
  {
    over: 'root',
    from: 'decoder.mid_block.attentions.0',
    to: 'decoder.mid_block.attentions.0',
    parts: oldAttention,
  },
];
