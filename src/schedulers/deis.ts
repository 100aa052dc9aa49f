import { limited } from './limit-options.js';
import { combine, type Term } from './linear-combination.js';
import { trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf } from './prediction.js';
import { remember, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';
import { preservingLevel, preservingPlan, type SigmaPlan } from './sigma-plan.js';
import { orderAt } from './solver-order.js';
import { type SolverOptions, solverSchedule, solverShape } from './solver-schedule.js';

/** Options of {@link deis}. Its runs end at training's lowest σ unless `finalSigmasType` says otherwise. */
export interface DeisOptions extends SolverOptions {}

/**
 * DEIS: Zhang, Chen, "Fast Sampling of Diffusion Models with Exponential Integrator", ICLR 2023, the variant whose
 * polynomial is in log ρ (ρAB), ρ = σ. Deterministic. Computes what diffusers' `DEISMultistepScheduler` does; default
 * spacing `linspace`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function deis(options?: DeisOptions): Scheduler {
  const config = resolveOptions<DeisOptions>(solverShape('sigma_min'), options, 'deis');
  const schedule = solverSchedule('deis', config, trainingNoise(config, options, 'deis'));
  return schedulerOf<SigmaPlan & { readonly steps: number }>({
    name: 'deis',
    config,
    historyLength: 3,
    plan: (steps, strength) => ({ ...preservingPlan(schedule(steps, strength)), steps }),
    step({ sigmas, levels, timesteps, steps }, { output, sample, index, memory }) {
      const level = levels[index]!;
      const denoised = limited(denoisedOf(config.predictionType, output, sample, level), config);
      remember(
        memory,
        combine([1 / level.spread, sample], [-level.signal / level.spread, denoised]),
        config.solverOrder,
      );
      const to = sigmas[index + 1]!;
      const left = timesteps.length - index;
      const order = orderAt(config, { steps, left, known: memory.history.length, endsAtZero: to === 0 });
      const past = Array.from({ length: order }, (_, i) => sigmas[index - i]!);
      const { signal } = preservingLevel(to);
      // Equation 18: the integral of the interpolated noise over ρ; at one point that noise itself.
      const terms = past.map((_, i): Term => [signal * integral(past, i, to), memory.history[i]!]);
      return { sample: combine([signal / level.signal, sample], ...terms), denoised };
    },
  });
}

/** ∫ over ρ, from the latest level to the next, of the polynomial in log ρ that is 1 at level `which`, 0 at the others. */
function integral(past: readonly number[], which: number, to: number): number {
  const others = past.filter((_, i) => i !== which).map(Math.log);
  const own = Math.log(past[which]!);
  const divisor = others.reduce((product, other) => product * (own - other), 1);
  return (antiderivative(to, others) - antiderivative(past[0]!, others)) / divisor;
}

/** Of the product over b of (log ρ − b); by parts, ∫ log ρ = ρ (log ρ − 1) and ∫ log² ρ = ρ (log² ρ − 2 log ρ + 2). */
function antiderivative(rho: number, others: readonly number[]): number {
  const [first, second] = others;
  if (first === undefined) return rho;
  const log = Math.log(rho);
  if (second === undefined) return rho * (log - 1 - first);
  return rho * (log ** 2 - 2 * log + 2 - (first + second) * (log - 1) + first * second);
}
