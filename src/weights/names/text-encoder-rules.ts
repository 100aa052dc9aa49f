import type { PlaceRule } from './key-rule.js';

/**
 * CLIP text encoder → transformers' CLIPTextModel. Below the prefix all files agree; what differs is the prefix, with
 * or without `text_model.` (transformers from 5.6 on may save without).
 */
export const textEncoderRules: readonly PlaceRule[] = [
  {
    over: 'root',
    from: '',
    to: 'text_model',
    parts: [
      { from: 'embeddings.token_embedding', to: 'embeddings.token_embedding', tensors: ['weight'] },
      { from: 'embeddings.position_embedding', to: 'embeddings.position_embedding', tensors: ['weight'] },
      { from: 'final_layer_norm', to: 'final_layer_norm' },
    ],
  },
  {
    over: 'layers',
    from: 'encoder.layers.{layer}',
    to: 'text_model.encoder.layers.{layer}',
    parts: [
      { from: 'self_attn.q_proj', to: 'self_attn.q_proj' },
      { from: 'self_attn.k_proj', to: 'self_attn.k_proj' },
      { from: 'self_attn.v_proj', to: 'self_attn.v_proj' },
      { from: 'self_attn.out_proj', to: 'self_attn.out_proj' },
      { from: 'layer_norm1', to: 'layer_norm1' },
      { from: 'mlp.fc1', to: 'mlp.fc1' },
      { from: 'mlp.fc2', to: 'mlp.fc2' },
      { from: 'layer_norm2', to: 'layer_norm2' },
    ],
  },
];
