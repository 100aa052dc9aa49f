import { combine } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf } from './prediction.js';
import { type SamplingPlan, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { type SigmaOptions, sigmaShape } from './sigma-options.js';
import { explodingLevel, inputScale, startDeviation } from './sigma-plan.js';
import { type SigmaSchedule, sigmaSchedule } from './sigma-schedule.js';
import { timestepOfSigma, trainingSigmas } from './sigmas.js';
import type { TimestepSpacing } from './timesteps.js';

/** Options of {@link kdpm2}. */
export interface Kdpm2Options extends NoiseOptions, SigmaOptions {}

/** A plan whose steps have two evaluations, the second between two levels. */
export interface MidpointPlan extends SamplingPlan {
  /** σ of each step, and where the last one ends. */
  readonly sigmas: readonly number[];
  /** σ of the second evaluation of each step but the last, which has none. */
  readonly middles: readonly number[];
}

/**
 * The midpoint method in log σ: DPM2 of the k-diffusion project (Karras et al. 2022 with the step of Lu et al.,
 * "DPM-Solver", 2022, algorithm 1). Two evaluations a step, one at the last, so n steps take 2n − 1. Deterministic.
 * Computes what diffusers' `KDPM2DiscreteScheduler` does; default spacing `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function kdpm2(options?: Kdpm2Options): Scheduler {
  const config = resolveOptions<Kdpm2Options>({ ...noiseShape(), ...sigmaShape() }, options, 'kdpm2');
  const noise = trainingNoise(config, options, 'kdpm2');
  const schedule = sigmaSchedule('kdpm2', config, noise, { roundTimesteps: true });
  const training = trainingSigmas(noise.alphas);
  return schedulerOf<MidpointPlan>({
    name: 'kdpm2',
    config,
    historyLength: 0,
    plan(steps, strength) {
      const levels = schedule(steps, strength);
      const middles = levels.sigmas.slice(1, -1).map((sigma, i) => Math.sqrt(sigma * levels.sigmas[i]!));
      return midpointPlan(levels, middles, training, config.timestepSpacing);
    },
    step({ sigmas, middles }, { output, sample, index, memory }) {
      const step = index >> 1;
      const [from, to] = [sigmas[step]!, sigmas[step + 1]!];
      const middle = middles[step] ?? 0;
      const here = index % 2 === 0 ? from : middle;
      const denoised = denoisedOf(config.predictionType, output, sample, explodingLevel(here));
      if (index % 2 === 0) {
        memory.held = sample.slice();
        return { sample: combine([middle / from, sample], [1 - middle / from, denoised]), denoised };
      }
      const slope = (to - from) / here;
      const next = combine([1, memory.held!], [slope, sample], [-slope, denoised]);
      memory.held = undefined;
      return { sample: next, denoised };
    },
  });
}

/** The evaluations of midpoint steps: each level, and between it and the next the middle. */
export function midpointPlan(
  schedule: SigmaSchedule,
  middles: readonly number[],
  training: Float32Array,
  spacing: TimestepSpacing,
): MidpointPlan {
  const { timesteps, sigmas } = schedule;
  const both = <T>(levels: readonly T[], between: readonly T[]): T[] =>
    levels.flatMap((level, i) => (i < between.length ? [level, between[i]!] : [level]));
  const times = middles.map((sigma) => Math.fround(timestepOfSigma(training, Math.fround(sigma))));
  const levels = sigmas.slice(0, timesteps.length);
  return {
    timesteps: both(timesteps, times),
    initialSigma: startDeviation(schedule, spacing),
    // Nothing starts in the middle of a step: there diffusers noises to the level that the step goes to.
    levels: both(levels, sigmas.slice(1, middles.length + 1)).map(explodingLevel),
    inputScales: both(levels, middles).map(inputScale),
    sigmas,
    middles,
  };
}
