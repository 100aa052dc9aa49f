import * as z from 'zod/mini';
import { type ConsistencyOptions, consistencyShape, consistencyTimesteps } from './consistency-schedule.js';
import { checkReachable } from './ddim.js';
import { levelOfAlpha } from './discrete-schedule.js';
import { combine } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions, share } from './option-shape.js';
import { denoisedOf, noiseOf } from './prediction.js';
import { schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';

/** Options of {@link tcd}. */
export interface TcdOptions extends NoiseOptions, ConsistencyOptions {
  /** Stochasticity γ in [0, 1]: how far past the next level each step goes before it is noised back. Default 0.3. */
  eta?: number | undefined;
}

/**
 * TCD: Zheng et al., "Trajectory Consistency Distillation", 2024, algorithm 4 (strategic stochastic sampling). For
 * models that were distilled so. Computes what diffusers' `TCDScheduler` does, which ends at the level of timestep 0.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function tcd(options?: TcdOptions): Scheduler {
  const config = resolveOptions<TcdOptions>(
    { ...noiseShape(), ...consistencyShape(), eta: z._default(share(), 0.3) },
    options,
    'tcd',
  );
  const noise = trainingNoise(config, options, 'tcd');
  const { alphas } = noise;
  return schedulerOf({
    name: 'tcd',
    config,
    historyLength: 0,
    plan(steps, strength) {
      const timesteps = consistencyTimesteps('tcd', steps, strength, config, noise.count);
      checkReachable('tcd', config.predictionType, timesteps, alphas);
      return { timesteps, initialSigma: 1, levels: timesteps.map((t) => levelOfAlpha(alphas[t]!)) };
    },
    step({ timesteps, levels }, { output, sample, index, random }) {
      const level = levels[index]!;
      const denoised = denoisedOf(config.predictionType, output, sample, level);
      const predicted = noiseOf(config.predictionType, output, sample, level);
      const target = timesteps[index + 1] ?? 0;
      // In float32, as torch multiplies: it decides between two timesteps where the product is whole.
      const past = alphas[Math.floor(Math.fround(Math.fround(1 - config.eta) * target))]!;
      const { signal, spread } = levelOfAlpha(past);
      const last = index === timesteps.length - 1;
      if (config.eta === 0 || last) {
        return { sample: combine([signal, denoised], [spread, predicted]), denoised };
      }
      const ratio = alphas[target]! / past;
      const back = Math.sqrt(ratio);
      const fresh = random.normal(sample.length);
      const next = combine(
        [back * signal, denoised],
        [back * spread, predicted],
        [Math.sqrt(1 - ratio), fresh],
      );
      return { sample: next, denoised };
    },
  });
}
