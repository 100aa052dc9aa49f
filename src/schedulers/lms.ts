import * as z from 'zod/mini';
import { combine, type Term } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf } from './prediction.js';
import { remember, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { type SigmaOptions, sigmaShape } from './sigma-options.js';
import { explodingPlan } from './sigma-plan.js';
import { sigmaSchedule } from './sigma-schedule.js';

/** Options of {@link lms}. */
export interface LmsOptions extends NoiseOptions, SigmaOptions {
  /** How many slopes are used, 1 to 4. Default 4. */
  order?: number | undefined;
}

/**
 * A linear multistep method (Adams-Bashforth with uneven steps) on the probability flow: LMS of the k-diffusion
 * project. Deterministic. Computes what diffusers' `LMSDiscreteScheduler` does; default spacing `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function lms(options?: LmsOptions): Scheduler {
  const config = resolveOptions<LmsOptions>(
    { ...noiseShape(), ...sigmaShape(), order: z._default(z.int().check(z.gte(1), z.lte(4)), 4) },
    options,
    'lms',
  );
  const schedule = sigmaSchedule('lms', config, trainingNoise(config, options, 'lms'));
  return schedulerOf({
    name: 'lms',
    config,
    historyLength: 4,
    plan: (steps, strength) => explodingPlan(schedule(steps, strength), config.timestepSpacing),
    step({ sigmas, levels }, { output, sample, index, memory }) {
      const denoised = denoisedOf(config.predictionType, output, sample, levels[index]!);
      const sigma = sigmas[index]!;
      remember(memory, combine([1 / sigma, sample], [-1 / sigma, denoised]), config.order);
      const past = memory.history.map((_, i) => sigmas[index - i]!);
      const slopes = memory.history.map((slope, i): Term => [weight(past, i, sigmas[index + 1]!), slope]);
      return { sample: combine([1, sample], ...slopes), denoised };
    },
  });
}

/**
 * The integral, from the latest level to the next, of the polynomial that is 1 at level `which` and 0 at the others.
 * Two Gauss points are exact for the third degree, the highest there is.
 */
function weight(past: readonly number[], which: number, to: number): number {
  const from = past[0]!;
  const [middle, half] = [(from + to) / 2, (to - from) / 2];
  const basis = (at: number): number =>
    past.reduce(
      (product, other, k) => (k === which ? product : (product * (at - other)) / (past[which]! - other)),
      1,
    );
  const offset = half / Math.sqrt(3);
  return half * (basis(middle - offset) + basis(middle + offset));
}
