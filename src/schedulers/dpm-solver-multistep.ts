import * as z from 'zod/mini';
import {
  checkDpmOptions,
  type DpmSolverOptions,
  dpmLevel,
  dpmPrediction,
  dpmSolverShape,
} from './dpm-options.js';
import { dpmFactors } from './dpm-update.js';
import { combine, type Term } from './linear-combination.js';
import { trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { remember, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { preservingPlan, type SigmaPlan } from './sigma-plan.js';
import { orderAt } from './solver-order.js';
import { solverSchedule } from './solver-schedule.js';

/** Options of {@link dpmSolverMultistep}. */
export interface DpmSolverMultistepOptions extends DpmSolverOptions {
  /** Whether the last step is of the first order however long the run is. Default false. */
  eulerAtFinal?: boolean | undefined;
}

/**
 * DPM-Solver++ in its multistep form, "DPM++ 2M" and its kin: Lu et al., "DPM-Solver++: Fast Solver for Guided Sampling
 * of Diffusion Probabilistic Models", 2022, algorithm 2. Deterministic, or stochastic with an `sde-` algorithm ("DPM++
 * 2M SDE"). Computes what diffusers' `DPMSolverMultistepScheduler` does; default spacing `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function dpmSolverMultistep(options?: DpmSolverMultistepOptions): Scheduler {
  const name = 'dpmSolverMultistep';
  const config = resolveOptions<DpmSolverMultistepOptions>(
    { ...dpmSolverShape(), eulerAtFinal: z._default(z.boolean(), false) },
    options,
    name,
  );
  checkDpmOptions(name, config);
  const schedule = solverSchedule(name, config, trainingNoise(config, options, name), {
    lambdaMinClipped: config.lambdaMinClipped,
    cosineCutsTimesteps: true,
  });
  return schedulerOf<SigmaPlan & { readonly steps: number }>({
    name,
    config,
    historyLength: 3,
    plan: (steps, strength) => ({ ...preservingPlan(schedule(steps, strength)), steps }),
    step({ sigmas, timesteps, steps }, { output, sample, index, memory, random }) {
      const from = dpmLevel(sigmas[index]!);
      const to = dpmLevel(sigmas[index + 1]!);
      const { prediction, denoised } = dpmPrediction(config, output, sample, from);
      remember(memory, prediction, config.solverOrder);
      const left = timesteps.length - index;
      const known = memory.history.length;
      const first = config.eulerAtFinal && left === 1;
      // To σ 0 and where a rule has reached the end already, only the first order is defined.
      const endsAtZero = to.sigma === 0 || to.sigma === from.sigma;
      const order = first ? 1 : orderAt(config, { steps, left, known, endsAtZero });
      const factors = dpmFactors(config.algorithmType, from, to);
      const weights = predictionWeights(factors, config.solverType, sigmas.slice(0, index + 2), order);
      const terms = weights.map((weight, i): Term => [weight, memory.history[i]!]);
      const fresh: Term[] = config.algorithmType.startsWith('sde-')
        ? [[factors.noise, random.normal(sample.length)]]
        : [];
      // A prediction that is also the result must not be handed out twice.
      return { sample: combine([factors.sample, sample], ...terms, ...fresh), denoised: denoised.slice() };
    },
  });
}

/** Factors of the latest predictions, newest first, with their derivatives taken from differences in λ = −log σ. */
function predictionWeights(
  { zeroth, midpoint, first, second }: ReturnType<typeof dpmFactors>,
  solverType: 'midpoint' | 'heun',
  sigmas: readonly number[],
  order: number,
): readonly number[] {
  if (order === 1) return [zeroth];
  const gap = (i: number): number => Math.log(sigmas.at(-i - 1)! / sigmas.at(-i)!);
  const r0 = gap(2) / gap(1);
  if (order === 2) {
    const slope = (solverType === 'midpoint' ? midpoint : first) / r0;
    return [zeroth + slope, -slope];
  }
  // D₁ and D₂ from the two latest differences, D₁₀ = (m₀ − m₁) / r₀ and D₁₁ = (m₁ − m₂) / r₁.
  const r1 = gap(3) / gap(1);
  const bend = (first * r0 + second) / (r0 + r1);
  const [near, far] = [(first + bend) / r0, -bend / r1];
  return [zeroth + near, far - near, -far];
}
