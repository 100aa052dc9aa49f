import * as z from 'zod/mini';
import { limited } from './limit-options.js';
import { combine, type Term } from './linear-combination.js';
import { trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf, noiseOf } from './prediction.js';
import { remember, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { preservingPlan } from './sigma-plan.js';
import { type SolverOptions, solverSchedule, solverShape } from './solver-schedule.js';
import { type UniPcStep, uniPcWeights } from './uni-pc-weights.js';

/** Options of {@link uniPC}. */
export interface UniPCOptions extends SolverOptions {
  /** The form of B(h): `bh1` is h, `bh2` is eʰ − 1. Default `bh2`. */
  solverType?: 'bh1' | 'bh2' | undefined;
  /** Whether the equation of the clean latents is solved, otherwise that of the noise. Default true. */
  predictX0?: boolean | undefined;
  /** Steps after which the corrector is left out, by index. Default none. */
  disableCorrector?: readonly number[] | undefined;
}

/**
 * UniPC: Zhao et al., "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models", NeurIPS
 * 2023, algorithms 5 and 6. The corrector reuses the evaluation that the predictor's result needs anyway, so a step is
 * one evaluation. Deterministic. Computes what diffusers' `UniPCMultistepScheduler` does; default spacing `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function uniPC(options?: UniPCOptions): Scheduler {
  const config = resolveOptions<UniPCOptions>(
    {
      ...solverShape(),
      solverType: z._default(z.enum(['bh1', 'bh2']), 'bh2'),
      predictX0: z._default(z.boolean(), true),
      disableCorrector: z._default(z.array(z.int().check(z.gte(0))), []),
    },
    options,
    'uniPC',
  );
  const { solverOrder, predictionType: type } = config;
  const schedule = solverSchedule('uniPC', config, trainingNoise(config, options, 'uniPC'));
  const orderOf = (index: number, count: number): number =>
    Math.min(solverOrder, config.lowerOrderFinal ? count - index : solverOrder, index + 1);
  const apply = (step: UniPcStep, base: Float32Array, past: readonly Float32Array[]): Float32Array => {
    const { sample, predictions } = uniPcWeights(config, step);
    return combine([sample, base], ...predictions.map((weight, i): Term => [weight, past[i]!]));
  };
  return schedulerOf({
    name: 'uniPC',
    config,
    historyLength: solverOrder + 1,
    plan: (steps, strength) => preservingPlan(schedule(steps, strength)),
    step({ sigmas, levels, timesteps }, { output, sample, index, memory }) {
      const count = timesteps.length;
      const level = levels[index]!;
      const denoised = limited(denoisedOf(type, output, sample, level), config);
      const prediction = config.predictX0 ? denoised : noiseOf(type, output, sample, level);
      const past = memory.history.slice(0, solverOrder);
      let corrected: Float32Array = sample.slice();
      if (index > 0 && !config.disableCorrector.includes(index - 1)) {
        const order = orderOf(index - 1, count);
        const before = Array.from({ length: order }, (_, i) => sigmas[index - 1 - i]!);
        corrected = apply({ from: before, to: sigmas[index]!, corrects: true }, memory.held!, [
          prediction,
          ...past,
        ]);
      }
      remember(memory, prediction, solverOrder);
      memory.held = corrected;
      const to = sigmas[index + 1]!;
      // To σ 0 and where a rule has reached the end already, only the first order is defined.
      const order = to === 0 || to === sigmas[index] ? 1 : orderOf(index, count);
      const here = Array.from({ length: order }, (_, i) => sigmas[index - i]!);
      const next = apply({ from: here, to, corrects: false }, corrected, memory.history);
      return { sample: next, denoised: denoised.slice() };
    },
  });
}
