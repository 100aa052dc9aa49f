import * as z from 'zod/mini';
import { type ConsistencyOptions, consistencyShape, consistencyTimesteps } from './consistency-schedule.js';
import { checkReachable } from './ddim.js';
import { levelOfAlpha } from './discrete-schedule.js';
import {
  type ClipOptions,
  clipShape,
  limited,
  type ThresholdOptions,
  thresholdShape,
} from './limit-options.js';
import { combine } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf } from './prediction.js';
import { schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';

/** Options of {@link lcm}. */
export interface LcmOptions extends NoiseOptions, ConsistencyOptions, ClipOptions, ThresholdOptions {
  /** Factor of the timestep in the boundary condition. Default 10. */
  timestepScaling?: number | undefined;
}

/** σ_data of the boundary condition. */
const dataDeviation = 0.5;

/**
 * LCM: Luo et al., "Latent Consistency Models", 2023, algorithm 3: each step predicts the clean latents and noises them
 * again. For models that were distilled so, such as AnimateLCM, in 4 to 8 steps at a guidance of 1 to 2. Stochastic.
 * Computes what diffusers' `LCMScheduler` does.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function lcm(options?: LcmOptions): Scheduler {
  const config = resolveOptions<LcmOptions>(
    {
      ...noiseShape(),
      ...consistencyShape(),
      ...clipShape(),
      ...thresholdShape(),
      timestepScaling: z._default(z.number().check(z.gt(0)), 10),
    },
    options,
    'lcm',
  );
  const noise = trainingNoise(config, options, 'lcm');
  return schedulerOf({
    name: 'lcm',
    config,
    historyLength: 0,
    plan(steps, strength) {
      const timesteps = consistencyTimesteps('lcm', steps, strength, config, noise.count);
      checkReachable('lcm', config.predictionType, timesteps, noise.alphas);
      return { timesteps, initialSigma: 1, levels: timesteps.map((t) => levelOfAlpha(noise.alphas[t]!)) };
    },
    step({ timesteps, levels }, { output, sample, index, random }) {
      const predicted = limited(denoisedOf(config.predictionType, output, sample, levels[index]!), config);
      // Appendix C: at timestep 0 the sample itself is the answer, further up the prediction.
      const time = timesteps[index]! * config.timestepScaling;
      const variance = time ** 2 + dataDeviation ** 2;
      const [skip, out] = [dataDeviation ** 2 / variance, time / Math.sqrt(variance)];
      const denoised = combine([out, predicted], [skip, sample]);
      const next = levels[index + 1];
      if (next === undefined) return { sample: denoised.slice(), denoised };
      const fresh = random.normal(sample.length);
      return { sample: combine([next.signal, denoised], [next.spread, fresh]), denoised };
    },
  });
}
