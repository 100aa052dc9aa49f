import * as z from 'zod/mini';
import { combine } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf } from './prediction.js';
import { schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { type SigmaOptions, sigmaShape } from './sigma-options.js';
import { explodingPlan, type SigmaPlan } from './sigma-plan.js';
import { sigmaSchedule } from './sigma-schedule.js';

/** Options of {@link euler}. */
export interface EulerOptions extends NoiseOptions, SigmaOptions {
  /** Whether the run ends at σ 0 or at training's lowest. Default `zero`. */
  finalSigmasType?: 'zero' | 'sigma_min' | undefined;
  /** `log_linear` spreads one level more than there are steps evenly in log σ and ends on the lowest. Default `linear`. */
  interpolationType?: 'linear' | 'log_linear' | undefined;
  /** `continuous` tells a model of velocities log(σ) / 4 instead of a timestep, as those of Karras et al. are. Default `discrete`. */
  timestepType?: 'discrete' | 'continuous' | undefined;
  /** Noise that is added before each step, spread over the run (Karras et al. 2022, algorithm 2); 0 draws none. Default 0. */
  sChurn?: number | undefined;
  /** Lowest σ at which noise is added. Default 0. */
  sTmin?: number | undefined;
  /** Highest σ at which noise is added. Default none. */
  sTmax?: number | undefined;
  /** Factor of the added noise. Default 1. */
  sNoise?: number | undefined;
}

/**
 * Euler's method on the probability flow: Karras, Aittala, Aila, Laine, "Elucidating the Design Space of
 * Diffusion-Based Generative Models", NeurIPS 2022, algorithm 2 without its correction. Deterministic unless `sChurn`
 * is above 0. The sampler of AnimateDiff-Lightning, with `timestepSpacing: 'trailing'`. Computes what diffusers'
 * `EulerDiscreteScheduler` does; default spacing `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function euler(options?: EulerOptions): Scheduler {
  const positive = (): z.ZodMiniNumber => z.number().check(z.gte(0));
  const config = resolveOptions<EulerOptions>(
    {
      ...noiseShape(),
      ...sigmaShape(),
      finalSigmasType: z._default(z.enum(['zero', 'sigma_min']), 'zero'),
      interpolationType: z._default(z.enum(['linear', 'log_linear']), 'linear'),
      timestepType: z._default(z.enum(['discrete', 'continuous']), 'discrete'),
      sChurn: z._default(positive(), 0),
      sTmin: z._default(positive(), 0),
      sTmax: z._default(positive(), Number.MAX_VALUE),
      sNoise: z._default(positive(), 1),
    },
    options,
    'euler',
  );
  const schedule = sigmaSchedule('euler', config, trainingNoise(config, options, 'euler'), config);
  return schedulerOf<SigmaPlan & { readonly steps: number }>({
    name: 'euler',
    config,
    historyLength: 0,
    plan(steps, strength) {
      const plan = explodingPlan(schedule(steps, strength), config.timestepSpacing);
      const continuous = config.timestepType === 'continuous' && config.predictionType === 'v_prediction';
      const told = plan.sigmas.slice(0, -1).map((sigma) => Math.fround(Math.log(sigma) / 4));
      return { ...plan, timesteps: continuous ? told : plan.timesteps, steps };
    },
    step({ sigmas, steps }, { output, sample, index, random }) {
      const sigma = sigmas[index]!;
      const inRange = sigma >= config.sTmin && sigma <= config.sTmax;
      const churn = inRange ? Math.min(config.sChurn / steps, Math.SQRT2 - 1) : 0;
      const raised = sigma * (1 + churn);
      let base = sample;
      if (churn > 0) {
        const added = config.sNoise * Math.sqrt(raised ** 2 - sigma ** 2);
        base = combine([1, sample], [added, random.normal(sample.length)]);
      }
      // A velocity is read at the level that the model saw, predicted noise at the raised one, as diffusers does.
      const read = config.predictionType === 'epsilon' ? raised : sigma;
      const denoised = denoisedOf(config.predictionType, output, base, { signal: 1, spread: read });
      const ratio = sigmas[index + 1]! / raised;
      return { sample: combine([ratio, base], [1 - ratio, denoised]), denoised };
    },
  });
}
