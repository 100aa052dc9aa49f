import { ancestralStep } from './euler-ancestral.js';
import { type Kdpm2Options, type MidpointPlan, midpointPlan } from './kdpm2.js';
import { combine } from './linear-combination.js';
import { noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf } from './prediction.js';
import { schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { sigmaShape } from './sigma-options.js';
import { explodingLevel } from './sigma-plan.js';
import { sigmaSchedule } from './sigma-schedule.js';
import { trainingSigmas } from './sigmas.js';

/** Options of {@link kdpm2Ancestral}. */
export interface Kdpm2AncestralOptions extends Kdpm2Options {}

/**
 * The midpoint method of {@link kdpm2} that goes further down than asked and adds fresh noise back: "DPM2 a" of the
 * k-diffusion project. Two evaluations a step, one at the last. Stochastic. Computes what diffusers'
 * `KDPM2AncestralDiscreteScheduler` does; default spacing `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function kdpm2Ancestral(options?: Kdpm2AncestralOptions): Scheduler {
  const name = 'kdpm2Ancestral';
  const config = resolveOptions<Kdpm2AncestralOptions>({ ...noiseShape(), ...sigmaShape() }, options, name);
  const noise = trainingNoise(config, options, name);
  const schedule = sigmaSchedule(name, config, noise, { roundTimesteps: true });
  const training = trainingSigmas(noise.alphas);
  return schedulerOf<MidpointPlan>({
    name,
    config,
    historyLength: 0,
    plan(steps, strength) {
      const levels = schedule(steps, strength);
      const middles = levels.sigmas
        .slice(0, -2)
        .map((sigma, i) => Math.sqrt(sigma * ancestralStep(sigma, levels.sigmas[i + 1]!).down));
      return midpointPlan(levels, middles, training, config.timestepSpacing);
    },
    step({ sigmas, middles }, { output, sample, index, memory, random }) {
      const step = index >> 1;
      const from = sigmas[step]!;
      const middle = middles[step] ?? 0;
      const here = index % 2 === 0 ? from : middle;
      const denoised = denoisedOf(config.predictionType, output, sample, explodingLevel(here));
      if (index % 2 === 0) {
        memory.held = sample.slice();
        return { sample: combine([middle / from, sample], [1 - middle / from, denoised]), denoised };
      }
      const { down, up } = ancestralStep(from, sigmas[step + 1]!);
      const slope = (down - from) / here;
      const fresh = random.normal(sample.length);
      const next = combine([1, memory.held!], [slope, sample], [-slope, denoised], [up, fresh]);
      memory.held = undefined;
      return { sample: next, denoised };
    },
  });
}
