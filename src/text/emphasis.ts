import { AnimateDiffError } from '../core/errors.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';

/**
 * What weights do to embeddings, as in stable-diffusion-webui's setting "Emphasis mode": multiply them and bring their
 * mean back to what it was (`original`), only multiply (`noNorm`), or nothing (`ignore`).
 */
export type Emphasis = 'original' | 'noNorm' | 'ignore';

/**
 * Applies weights to the embeddings of one chunk.
 *
 * @param embeddings `[tokens, width]`. Not changed; returned itself when there is nothing to do.
 * @param weights One factor a token; those of start, end and padding are 1.
 * @throws `invalid-options` when there are not as many weights as tokens.
 */
export function applyEmphasis(
  embeddings: Float32Tensor,
  weights: ArrayLike<number>,
  emphasis: Emphasis = 'original',
): Float32Tensor {
  const [tokens, width] = embeddings.shape;
  if (embeddings.shape.length !== 2 || tokens !== weights.length || width === undefined) {
    throw new AnimateDiffError(
      'invalid-options',
      `emphasis: ${weights.length} weights for embeddings [${embeddings.shape.join(', ')}]; expected [${weights.length}, width]`,
    );
  }
  if (emphasis === 'ignore' || Array.from(weights).every((weight) => weight === 1)) return embeddings;
  const { data } = embeddings;
  const weighted = data.map((value, i) => value * weights[Math.floor(i / width)]!);
  if (emphasis === 'noNorm') return float32Tensor(weighted, embeddings.shape);
  const factor = sum(data) / sum(weighted);
  // A mean of 0 cannot be scaled to another.
  const scaled = Number.isFinite(factor) ? weighted.map((value) => value * factor) : weighted;
  return float32Tensor(scaled, embeddings.shape);
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
