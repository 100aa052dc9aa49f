import { AnimateDiffError } from '../core/errors.js';
import { configFields, type JsonConfig } from './config-fields.js';
import { weightShapes } from './weight-shapes.js';
import type { WeightSource } from './weight-source.js';

/** Shape of a CLIP text encoder. Names follow transformers `text_encoder/config.json`. */
export interface ClipTextConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** Number of token positions: 77. */
  readonly maxPositionEmbeddings: number;
  readonly hiddenAct: 'quick_gelu' | 'gelu';
  readonly layerNormEps: number;
}

/** Size of one attention head in every published CLIP text encoder. */
const usualHeadSize = 64;

/**
 * A text encoder's shape: sizes from its tensors, heads and activation from `config.json` or, where there is none,
 * CLIP's: heads of 64, quick GELU.
 * @throws `unsupported` for another activation, `weights-mismatch` for incomplete weights.
 */
export function readClipTextConfig(weights: WeightSource, json?: JsonConfig): ClipTextConfig {
  const shapes = weightShapes(weights, 'text encoder');
  const fields = configFields(`${weights.label} (text encoder)`, json);
  const prefix = 'text_model.embeddings';
  const hiddenSize = shapes.size(`${prefix}.token_embedding.weight`, 1);
  const hiddenAct = fields.string('hidden_act', 'quick_gelu');
  if (hiddenAct !== 'quick_gelu' && hiddenAct !== 'gelu') {
    throw new AnimateDiffError(
      'unsupported',
      `${weights.label}: the text encoder's hidden_act is '${hiddenAct.slice(0, 40)}', expected quick_gelu or gelu`,
    );
  }
  return {
    vocabSize: shapes.size(`${prefix}.token_embedding.weight`, 0),
    hiddenSize,
    intermediateSize: shapes.size('text_model.encoder.layers.0.mlp.fc1.weight', 0),
    numHiddenLayers: shapes.count('text_model.encoder.layers.'),
    numAttentionHeads: fields.number(
      'num_attention_heads',
      Math.max(1, Math.round(hiddenSize / usualHeadSize)),
    ),
    maxPositionEmbeddings: shapes.size(`${prefix}.position_embedding.weight`, 0),
    hiddenAct,
    layerNormEps: fields.number('layer_norm_eps', 1e-5),
  };
}
