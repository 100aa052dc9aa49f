/** What the network is trained to predict: the noise, or the velocity (Salimans and Ho 2022). */
export type TrainedPrediction = 'epsilon' | 'v_prediction';

/** What a noise level makes of clean latents. */
export interface NoisedLatents {
  /** What the network sees: `sqrt(ᾱ) x₀ + sqrt(1 - ᾱ) ε`. */
  readonly sample: Float32Array;
  /** What it should predict: ε, or `sqrt(ᾱ) ε - sqrt(1 - ᾱ) x₀`. */
  readonly target: Float32Array;
}

/**
 * Noisy latents and what a network should predict for them.
 * @param alpha ᾱ of the timestep, 0 to 1.
 */
export function noisedLatents(
  prediction: TrainedPrediction,
  alpha: number,
  clean: Float32Array,
  noise: Float32Array,
): NoisedLatents {
  const [signal, spread] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
  const sample = clean.map((value, i) => signal * value + spread * noise[i]!);
  const target =
    prediction === 'epsilon' ? noise.slice() : clean.map((value, i) => signal * noise[i]! - spread * value);
  return { sample, target };
}

/**
 * What an example's squared error counts, by its signal-to-noise ratio `ᾱ / (1 - ᾱ)`: with gamma, levels with little noise
 * count less (Hang et al. 2023, "Efficient Diffusion Training via Min-SNR Weighting Strategy", section 3.4), which is
 * `min(snr, gamma) / snr` for the noise and `min(snr, gamma) / (snr + 1)` for the velocity. 1 without gamma.
 */
export function lossWeight(prediction: TrainedPrediction, alpha: number, gamma: number | undefined): number {
  if (gamma === undefined) return 1;
  const snr = alpha / (1 - alpha);
  if (prediction === 'v_prediction') return Math.min(snr, gamma) / (snr + 1);
  // At a ratio of 0 the limit.
  return snr <= gamma ? 1 : gamma / snr;
}
