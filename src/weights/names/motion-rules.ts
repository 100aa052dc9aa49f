import type { PartRule, PlaceRule } from './key-rule.js';

// The names of guoyww/AnimateDiff's motion_module.py against diffusers' MotionAdapter.

const transformer: readonly PartRule[] = [
  { from: 'norm', to: 'norm' },
  { from: 'proj_in', to: 'proj_in', fit: 'matrix' },
  { from: 'proj_out', to: 'proj_out', fit: 'matrix' },
];

const block: readonly PartRule[] = [
  { from: 'norms.0', to: 'norm1' },
  { from: 'attention_blocks.0.to_q', to: 'attn1.to_q', tensors: ['weight'], fit: 'matrix' },
  { from: 'attention_blocks.0.to_k', to: 'attn1.to_k', tensors: ['weight'], fit: 'matrix' },
  { from: 'attention_blocks.0.to_v', to: 'attn1.to_v', tensors: ['weight'], fit: 'matrix' },
  { from: 'attention_blocks.0.to_out.0', to: 'attn1.to_out.0', fit: 'matrix' },
  { from: 'norms.1', to: 'norm2' },
  { from: 'attention_blocks.1.to_q', to: 'attn2.to_q', tensors: ['weight'], fit: 'matrix' },
  { from: 'attention_blocks.1.to_k', to: 'attn2.to_k', tensors: ['weight'], fit: 'matrix' },
  { from: 'attention_blocks.1.to_v', to: 'attn2.to_v', tensors: ['weight'], fit: 'matrix' },
  { from: 'attention_blocks.1.to_out.0', to: 'attn2.to_out.0', fit: 'matrix' },
  { from: 'ff_norm', to: 'norm3' },
  { from: 'ff.net.0.proj', to: 'ff.net.0.proj', fit: 'matrix' },
  { from: 'ff.net.2', to: 'ff.net.2', fit: 'matrix' },
  // Both attentions of a block add the same table; AnimateLCM files have none, since it can be computed.
  { from: 'attention_blocks.0.pos_encoder', to: 'pos_embed', tensors: ['pe'], optional: true },
];

const places: readonly { readonly over: string; readonly path: string }[] = [
  { over: 'down', path: 'down_blocks.{level}.motion_modules.{layer}' },
  { over: 'mid', path: 'mid_block.motion_modules.{layer}' },
  { over: 'up', path: 'up_blocks.{level}.motion_modules.{layer}' },
];

/** Motion modules: original → diffusers MotionAdapter. Ranges are those of `motionRanges`. */
export const motionRules: readonly PlaceRule[] = places.flatMap(({ over, path }) => [
  { over, from: `${path}.temporal_transformer`, to: path, parts: transformer },
  {
    over: `${over}Depth`,
    from: `${path}.temporal_transformer.transformer_blocks.{depth}`,
    to: `${path}.transformer_blocks.{depth}`,
    parts: block,
  },
]);
