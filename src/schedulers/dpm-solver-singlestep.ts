import { AnimateDiffError } from '../core/errors.js';
import {
  checkDpmOptions,
  type DpmSolverOptions,
  dpmLevel,
  dpmPrediction,
  dpmSolverShape,
} from './dpm-options.js';
import { type DpmFactors, dpmFactors } from './dpm-update.js';
import { combine, type Term } from './linear-combination.js';
import { trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { remember, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { preservingPlan, type SigmaPlan } from './sigma-plan.js';
import { solverSchedule } from './solver-schedule.js';

/** Options of {@link dpmSolverSinglestep}. */
export interface DpmSolverSinglestepOptions extends DpmSolverOptions {}

interface SinglestepPlan extends SigmaPlan {
  /** Order of each evaluation: 1 begins a step, 2 and 3 go over it again from its beginning. */
  readonly orders: readonly number[];
}

/**
 * DPM-Solver++ in its singlestep form, "DPM++ 2S": Lu et al. 2022, algorithm 1. `numInferenceSteps` counts evaluations,
 * two or three of which make one step. Deterministic, or stochastic with `sde-dpmsolver++`. Computes what diffusers'
 * `DPMSolverSinglestepScheduler` does, with the spacings that {@link SolverOptions} has; default `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function dpmSolverSinglestep(options?: DpmSolverSinglestepOptions): Scheduler {
  const name = 'dpmSolverSinglestep';
  const config = resolveOptions<DpmSolverSinglestepOptions>(dpmSolverShape(), options, name);
  checkDpmOptions(name, config);
  if (config.algorithmType === 'sde-dpmsolver') {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: algorithmType 'sde-dpmsolver' exists for dpmSolverMultistep only; take 'sde-dpmsolver++'`,
    );
  }
  const schedule = solverSchedule(name, config, trainingNoise(config, options, name), config);
  return schedulerOf<SinglestepPlan>({
    name,
    config,
    historyLength: 3,
    plan(steps, strength) {
      const plan = preservingPlan(schedule(steps, strength));
      const lower = config.lowerOrderFinal || steps % config.solverOrder !== 0 || plan.sigmas.at(-1) === 0;
      const orders = evaluationOrders(plan.timesteps.length, config.solverOrder, lower);
      if (plan.sigmas.at(-1) === 0) orders[orders.length - 1] = 1;
      return { ...plan, orders };
    },
    step({ sigmas, orders }, { output, sample, index, memory, random }) {
      const order = orders[index]!;
      const { prediction, denoised } = dpmPrediction(config, output, sample, dpmLevel(sigmas[index]!));
      remember(memory, prediction, config.solverOrder);
      if (order === 1) memory.held = sample.slice();
      const factors = dpmFactors(
        config.algorithmType,
        dpmLevel(sigmas[index - order + 1]!),
        dpmLevel(sigmas[index + 1]!),
      );
      const weights = stepWeights(factors, config.solverType, sigmas.slice(index - order + 1, index + 2));
      const terms = weights.map((weight, i): Term => [weight, memory.history[i]!]);
      const fresh: Term[] =
        config.algorithmType === 'sde-dpmsolver++' ? [[factors.noise, random.normal(sample.length)]] : [];
      return {
        sample: combine([factors.sample, memory.held!], ...terms, ...fresh),
        denoised: denoised.slice(),
      };
    },
  });
}

/** As many whole steps as fit, and what is left in lower orders; with `lower` also the last whole step. */
function evaluationOrders(count: number, order: number, lower: boolean): number[] {
  const step = Array.from({ length: order }, (_, i) => i + 1);
  const left = count % order;
  const whole = Math.floor(count / order) - (lower && left === 0 ? 1 : 0);
  const orders = Array.from({ length: whole }, () => step).flat();
  if (!lower || order === 1) return [...orders, ...step.slice(0, count - orders.length)];
  if (left === 0) return [...orders, ...step.slice(0, -1), 1];
  return [...orders, ...step.slice(0, left)];
}

/**
 * Factors of the predictions within a step, newest first. `sigmas` are those of the step's evaluations and its end.
 * Derivatives are relative to the step's first prediction.
 */
function stepWeights(
  { zeroth, midpoint, first, second }: DpmFactors,
  solverType: 'midpoint' | 'heun',
  sigmas: readonly number[],
): readonly number[] {
  const part = (i: number): number =>
    Math.log(sigmas[0]! / sigmas[i]!) / Math.log(sigmas[0]! / sigmas.at(-1)!);
  if (sigmas.length === 2) return [zeroth];
  if (sigmas.length === 3) {
    const slope = (solverType === 'midpoint' ? midpoint : first) / part(1);
    return [slope, zeroth - slope];
  }
  const [r1, r0] = [part(1), part(2)];
  if (solverType === 'midpoint') return [first / r0, 0, zeroth - first / r0];
  // D₁ = (r₀ D₁₀ − r₁ D₁₁) / (r₀ − r₁) and D₂ = 2 (D₁₁ − D₁₀) / (r₀ − r₁), D₁₀ = (m₁ − m₂) / r₁, D₁₁ = (m₀ − m₂) / r₀.
  const early = (first * r0 - 2 * second) / (r0 - r1) / r1;
  const late = (2 * second - first * r1) / (r0 - r1) / r0;
  return [late, early, zeroth - early - late];
}
