import { type FusedOperator, float32Tensor, type ModelArtifact, type Tensor } from 'animatediff-js';
import { buildClipText } from '../../../src/models/clip-text.js';
import type { ClipTextConfig } from '../../../src/models/clip-text-config.js';

const config: ClipTextConfig = {
  vocabSize: 49408,
  hiddenSize: 768,
  intermediateSize: 3072,
  numHiddenLayers: 1,
  numAttentionHeads: 12,
  maxPositionEmbeddings: 77,
  hiddenAct: 'quick_gelu',
  layerNormEps: 1e-5,
};
const { vocabSize, hiddenSize, intermediateSize, maxPositionEmbeddings: tokens } = config;

/** One layer of Stable Diffusion 1.5's text encoder, with weights that repeat. */
export function wideClipText(dialect: ReadonlySet<FusedOperator>): Promise<ModelArtifact> {
  return buildClipText({
    config,
    dialect,
    weights: {
      label: 'waves',
      names: [],
      shape: shapeOf,
      read: async (name) => wave(shapeOf(name).reduce((product, size) => product * size, 1)),
      identity: async () => undefined,
    },
  });
}

/** A text of tokens from all over the table. */
export function wideClipFeeds(): Record<string, Tensor> {
  const ids = BigInt64Array.from({ length: tokens }, (_, i) => BigInt((i * 7919) % vocabSize));
  return {
    ids: { type: 'int64', shape: [1, tokens], data: ids },
    layer: { type: 'int64', shape: [1], data: BigInt64Array.of(1n) },
    keep: float32Tensor(new Float32Array(tokens).fill(1), [1, tokens, 1]),
    inserted: float32Tensor(new Float32Array(tokens * hiddenSize), [1, tokens, hiddenSize]),
  };
}

function shapeOf(name: string): number[] {
  if (name.includes('token_embedding')) return [vocabSize, hiddenSize];
  if (name.includes('position_embedding')) return [tokens, hiddenSize];
  if (name.endsWith('fc1.weight')) return [intermediateSize, hiddenSize];
  if (name.endsWith('fc1.bias')) return [intermediateSize];
  if (name.endsWith('fc2.weight')) return [hiddenSize, intermediateSize];
  return name.endsWith('_proj.weight') ? [hiddenSize, hiddenSize] : [hiddenSize];
}

function wave(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => 0.1 * Math.sin(i * 12.9898));
}
