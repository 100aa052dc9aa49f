import { combine } from './linear-combination.js';

/** What a model's output means: the noise, the velocity (Salimans and Ho 2022), or the clean latents. */
export type PredictionType = 'epsilon' | 'v_prediction' | 'sample';

/** How much of a sample x = signal · x₀ + spread · ε is image and how much is noise. */
export interface NoiseLevel {
  /** Factor of the clean latents x₀. */
  readonly signal: number;
  /** Factor of the noise ε, which has variance 1. */
  readonly spread: number;
}

/**
 * The clean latents x₀ that a model's output implies. The model saw the sample brought to variance 1.
 * @param level Of the sample; signal above 0 for `epsilon`.
 */
export function denoisedOf(
  type: PredictionType,
  output: Float32Array,
  sample: Float32Array,
  { signal, spread }: NoiseLevel,
): Float32Array {
  const variance = signal ** 2 + spread ** 2;
  switch (type) {
    case 'epsilon':
      return combine([1 / signal, sample], [-spread / signal, output]);
    case 'sample':
      return output.slice();
    case 'v_prediction':
      return combine([signal / variance, sample], [-spread / Math.sqrt(variance), output]);
  }
}

/**
 * The noise ε that a model's output implies, see {@link denoisedOf}.
 * @param level Of the sample; spread above 0 for `sample`.
 */
export function noiseOf(
  type: PredictionType,
  output: Float32Array,
  sample: Float32Array,
  { signal, spread }: NoiseLevel,
): Float32Array {
  const variance = signal ** 2 + spread ** 2;
  switch (type) {
    case 'epsilon':
      return output.slice();
    case 'sample':
      return combine([1 / spread, sample], [-signal / spread, output]);
    case 'v_prediction':
      return combine([spread / variance, sample], [signal / Math.sqrt(variance), output]);
  }
}

/** Every value brought into [−range, range]. */
export function clamp(values: Float32Array, range: number): Float32Array {
  return values.map((value) => Math.min(Math.max(value, -range), range));
}

/**
 * Dynamic thresholding (Saharia et al., "Photorealistic Text-to-Image Diffusion Models with Deep Language
 * Understanding", 2022, section 2.3): values beyond the `ratio` quantile s of their sizes are cut, all divided by s.
 * The quantile is taken over the whole array, at least 1 and at most `limit`.
 */
export function dynamicThreshold(values: Float32Array, ratio: number, limit: number): Float32Array {
  const sizes = values.map(Math.abs).sort();
  const position = ratio * (sizes.length - 1);
  const below = Math.floor(position);
  const [low, high] = [sizes[below]!, sizes[Math.ceil(position)]!];
  const scale = Math.min(Math.max(low + (high - low) * (position - below), 1), limit);
  return clamp(values, scale).map((value) => value / scale);
}
