import { type ClipOptions, clipShape, limited } from './limit-options.js';
import { combine } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf } from './prediction.js';
import { schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { type SigmaOptions, sigmaShape } from './sigma-options.js';
import { explodingPlan } from './sigma-plan.js';
import { sigmaSchedule } from './sigma-schedule.js';

/** Options of {@link heun}. */
export interface HeunOptions extends NoiseOptions, SigmaOptions, ClipOptions {}

/**
 * Heun's method on the probability flow: Karras et al. 2022, algorithm 1. Two evaluations a step, one at the last, so
 * n steps take 2n − 1. Deterministic. Computes what diffusers' `HeunDiscreteScheduler` does; default spacing `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function heun(options?: HeunOptions): Scheduler {
  const config = resolveOptions<HeunOptions>(
    { ...noiseShape(), ...sigmaShape(), ...clipShape() },
    options,
    'heun',
  );
  const schedule = sigmaSchedule('heun', config, trainingNoise(config, options, 'heun'));
  return schedulerOf({
    name: 'heun',
    config,
    historyLength: 1,
    plan(steps, strength) {
      const { timesteps, sigmas, highest } = schedule(steps, strength);
      // Evaluation 0 is at level 0, then each further level twice: where a step arrives, and where the next begins.
      const doubled = {
        timesteps: timesteps.flatMap((t, i) => (i === 0 ? [t] : [t, t])),
        sigmas: sigmas.flatMap((sigma, i) => (i === 0 || i === timesteps.length ? [sigma] : [sigma, sigma])),
        highest,
      };
      return explodingPlan(doubled, config.timestepSpacing);
    },
    step({ sigmas, levels }, { output, sample, index, memory }) {
      const denoised = limited(denoisedOf(config.predictionType, output, sample, levels[index]!), config);
      const here = sigmas[index]!;
      const slope = combine([1 / here, sample], [-1 / here, denoised]);
      if (index % 2 === 0) {
        memory.held = sample.slice();
        memory.history = [slope];
        return { sample: combine([1, sample], [sigmas[index + 1]! - here, slope]), denoised };
      }
      const half = (here - sigmas[index - 1]!) / 2;
      const next = combine([1, memory.held!], [half, memory.history[0]!], [half, slope]);
      memory.held = undefined;
      memory.history = [];
      return { sample: next, denoised };
    },
  });
}
