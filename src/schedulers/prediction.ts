/** What a model's output means: the noise, the velocity (Salimans and Ho 2022), or the clean latents. */
export type PredictionType = 'epsilon' | 'v_prediction' | 'sample';

/** A model's output taken apart. */
export interface Prediction {
  /** The clean latents (x₀). */
  readonly denoised: Float32Array;
  /** The noise (ε). */
  readonly noise: Float32Array;
}

/**
 * Clean latents and noise from a model's output on a sample x = √ᾱ·x₀ + √(1−ᾱ)·ε.
 * @param alpha ᾱ of the sample; above 0 for `epsilon`, below 1 for `sample`.
 */
export function readPrediction(
  type: PredictionType,
  output: Float32Array,
  sample: Float32Array,
  alpha: number,
): Prediction {
  const signal = Math.sqrt(alpha);
  const spread = Math.sqrt(1 - alpha);
  switch (type) {
    case 'epsilon':
      return { noise: output, denoised: sample.map((x, i) => (x - spread * output[i]!) / signal) };
    case 'sample':
      return { denoised: output.slice(), noise: sample.map((x, i) => (x - signal * output[i]!) / spread) };
    case 'v_prediction':
      return {
        denoised: sample.map((x, i) => signal * x - spread * output[i]!),
        noise: sample.map((x, i) => signal * output[i]! + spread * x),
      };
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
