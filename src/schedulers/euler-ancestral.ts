import { combine } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf } from './prediction.js';
import { schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { type SigmaOptions, sigmaShape } from './sigma-options.js';
import { explodingPlan } from './sigma-plan.js';
import { sigmaSchedule } from './sigma-schedule.js';

/** Options of {@link eulerAncestral}. */
export interface EulerAncestralOptions extends NoiseOptions, SigmaOptions {}

/**
 * Euler's method that goes further down than asked and adds fresh noise back: "Euler a" of the k-diffusion project.
 * Stochastic: more steps change the picture instead of settling it. Computes what diffusers'
 * `EulerAncestralDiscreteScheduler` does, with the choice of levels that {@link SigmaOptions} has; default spacing
 * `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function eulerAncestral(options?: EulerAncestralOptions): Scheduler {
  const name = 'eulerAncestral';
  const config = resolveOptions<EulerAncestralOptions>({ ...noiseShape(), ...sigmaShape() }, options, name);
  const schedule = sigmaSchedule(name, config, trainingNoise(config, options, name));
  return schedulerOf({
    name,
    config,
    historyLength: 0,
    plan: (steps, strength) => explodingPlan(schedule(steps, strength), config.timestepSpacing),
    step({ sigmas, levels }, { output, sample, index, random }) {
      const denoised = denoisedOf(config.predictionType, output, sample, levels[index]!);
      const { down, up } = ancestralStep(sigmas[index]!, sigmas[index + 1]!);
      const ratio = down / sigmas[index]!;
      // The last step draws too, though it adds none: so does diffusers, and the noise stream stays the same.
      const fresh = random.normal(sample.length);
      return { sample: combine([ratio, sample], [1 - ratio, denoised], [up, fresh]), denoised };
    },
  });
}

/**
 * How far down to go from one σ so that adding noise of deviation `up` arrives at the next. Rounded to float32 where
 * torch rounds: for long steps the squares cancel, and what everyone's pictures are made with is the rounded number.
 */
export function ancestralStep(from: number, to: number): { readonly down: number; readonly up: number } {
  const [from2, to2] = [Math.fround(from ** 2), Math.fround(to ** 2)];
  const up2 = Math.fround(Math.fround(to2 * Math.fround(from2 - to2)) / from2);
  const up = Math.fround(Math.sqrt(up2));
  const down2 = Math.fround(to2 - Math.fround(up ** 2));
  // Where nothing is left of the difference, torch is at 0 or NaN: there the exact value, to² / from.
  return { down: down2 > 0 ? Math.fround(Math.sqrt(down2)) : to2 / from, up };
}
