import type { NoiseLevel } from './prediction.js';
import type { SamplingPlan } from './sampling-run.js';
import type { SigmaSchedule } from './sigma-schedule.js';
import type { TimestepSpacing } from './timesteps.js';

/** A plan by σ: one more than the evaluations of a method of one evaluation a step. */
export interface SigmaPlan extends SamplingPlan {
  /** σ of each step, and where the last one ends. */
  readonly sigmas: readonly number[];
}

/** Samples whose signal keeps factor 1, as the k-diffusion project has them: x = x₀ + σ · ε. */
export function explodingPlan(schedule: SigmaSchedule, spacing: TimestepSpacing): SigmaPlan {
  const { timesteps, sigmas } = schedule;
  const used = sigmas.slice(0, timesteps.length);
  return {
    timesteps,
    initialSigma: startDeviation(schedule, spacing),
    levels: used.map(explodingLevel),
    inputScales: used.map(inputScale),
    sigmas,
  };
}

/** Samples of variance 1 throughout, by the σ of {@link explodingPlan}. */
export function preservingPlan({ timesteps, sigmas }: SigmaSchedule): SigmaPlan {
  return {
    timesteps,
    initialSigma: 1,
    levels: sigmas.slice(0, timesteps.length).map(preservingLevel),
    sigmas,
  };
}

/** x = x₀ + σ · ε. */
export function explodingLevel(sigma: number): NoiseLevel {
  return { signal: 1, spread: sigma };
}

/** The same ratio of noise to signal, at variance 1. */
export function preservingLevel(sigma: number): NoiseLevel {
  const signal = 1 / Math.sqrt(sigma ** 2 + 1);
  return { signal, spread: sigma * signal };
}

/** What brings x = x₀ + σ · ε to variance 1. */
export function inputScale(sigma: number): number {
  return 1 / Math.sqrt(sigma ** 2 + 1);
}

/** As diffusers has it: `leading` runs do not start from pure noise, so the image's own variance is counted too. */
export function startDeviation({ highest }: SigmaSchedule, spacing: TimestepSpacing): number {
  return spacing === 'leading' ? Math.sqrt(highest ** 2 + 1) : highest;
}
