import * as z from 'zod/mini';
import { checkReachable } from './ddim.js';
import { discreteTimesteps, levelOfAlpha, type SpacingOptions, spacingShape } from './discrete-schedule.js';
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
import { type SamplingPlan, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';

/** Options of {@link ddpm}. */
export interface DdpmOptions extends NoiseOptions, SpacingOptions, ClipOptions, ThresholdOptions {
  /**
   * The variance of the noise that is added: `fixed_small` is the posterior's, `fixed_large` is β; diffusers' `_log`
   * forms of both are the same numbers. Default `fixed_small`.
   */
  varianceType?: 'fixed_small' | 'fixed_small_log' | 'fixed_large' | 'fixed_large_log' | undefined;
}

interface DdpmPlan extends SamplingPlan {
  /** ᾱ that each step starts from and goes to. */
  readonly alphas: readonly { readonly from: number; readonly to: number }[];
}

/**
 * DDPM: Ho, Jain, Abbeel, "Denoising Diffusion Probabilistic Models", NeurIPS 2020, equations 6 and 7, over any part of
 * the timesteps. Stochastic. Computes what diffusers' `DDPMScheduler` does; default spacing `leading`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function ddpm(options?: DdpmOptions): Scheduler {
  const variances = ['fixed_small', 'fixed_small_log', 'fixed_large', 'fixed_large_log'] as const;
  const config = resolveOptions<DdpmOptions>(
    {
      ...noiseShape(),
      ...spacingShape('leading'),
      ...clipShape(),
      ...thresholdShape(),
      varianceType: z._default(z.enum(variances), 'fixed_small'),
    },
    options,
    'ddpm',
  );
  const noise = trainingNoise(config, options, 'ddpm');
  const large = config.varianceType.startsWith('fixed_large');
  return schedulerOf<DdpmPlan>({
    name: 'ddpm',
    config,
    historyLength: 0,
    plan(steps, strength) {
      const { timesteps } = discreteTimesteps('ddpm', steps, strength, config, noise);
      checkReachable('ddpm', config.predictionType, timesteps, noise.alphas);
      const alphas = timesteps.map((t, i) => ({
        from: noise.alphas[t]!,
        to: i + 1 < timesteps.length ? noise.alphas[timesteps[i + 1]!]! : 1,
      }));
      return { timesteps, initialSigma: 1, levels: alphas.map(({ from }) => levelOfAlpha(from)), alphas };
    },
    step({ timesteps, alphas, levels }, { output, sample, index, random }) {
      const { from, to } = alphas[index]!;
      const beta = Math.fround(1 - Math.fround(from / to));
      const denoised = limited(denoisedOf(config.predictionType, output, sample, levels[index]!), config);
      const toDenoised = (Math.sqrt(to) * beta) / (1 - from);
      const toSample = (Math.sqrt(from / to) * (1 - to)) / (1 - from);
      // Of the very first level there is nothing left to add.
      if (timesteps[index] === 0) {
        return { sample: combine([toDenoised, denoised], [toSample, sample]), denoised };
      }
      const variance = large ? beta : Math.max(((1 - to) / (1 - from)) * beta, 1e-20);
      const fresh = random.normal(sample.length);
      const next = combine([toDenoised, denoised], [toSample, sample], [Math.sqrt(variance), fresh]);
      return { sample: next, denoised };
    },
  });
}
