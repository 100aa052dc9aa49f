import { type RandomSource, type Scheduler, schedulerFromName, torchRandom } from '../index.js';
import type { NamedScheduler } from './scheduler-names.js';

/** A sampler, as `schedulers list` tells it. */
export interface SchedulerFacts extends NamedScheduler {
  /** The factory that makes it. */
  readonly scheduler: string;
  /** Whether it draws no noise of its own. */
  readonly deterministic: boolean;
  /** Evaluations of the model that one more step costs. */
  readonly evaluationsPerStep: number;
  /** Evaluations of the model in 25 steps. */
  readonly evaluationsOf25Steps: number;
  /** What it stands in for under some of its names. */
  readonly notes: readonly string[];
}

/** What a run visits, evaluation by evaluation. */
export interface ScheduleValues {
  /** The name that was asked for. */
  readonly name: string;
  /** The factory that makes it. */
  readonly scheduler: string;
  /** What the model is told. */
  readonly timesteps: readonly number[];
  /** Noise over signal, as the run would noise clean latents there. Infinite where there is no signal. */
  readonly sigmas: readonly number[];
}

/** Finds out what a sampler does, by running it. */
export function schedulerFacts(named: NamedScheduler): SchedulerFacts {
  const { scheduler } = schedulerFromName(named.name);
  const evaluations = (steps: number): number => start(scheduler, steps, torchRandom(0)).timesteps.length;
  const substitutions = named.others
    .concat(named.name)
    .flatMap((name) => schedulerFromName(name).warnings.map(({ message }) => message));
  return {
    ...named,
    scheduler: scheduler.name,
    deterministic: !drawsNoise(scheduler),
    evaluationsPerStep: evaluations(25) - evaluations(24),
    evaluationsOf25Steps: evaluations(25),
    notes: [...new Set(substitutions)],
  };
}

/** The levels of a whole run. @throws `invalid-options` for a number of steps that the sampler cannot take. */
export function scheduleValues(name: string, steps: number): ScheduleValues {
  const { scheduler } = schedulerFromName(name);
  const run = start(scheduler, steps, torchRandom(0));
  const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
  const sigmas = run.timesteps.map(
    (_, index) => run.addNoise(zero, one, index)[0]! / run.addNoise(one, zero, index)[0]!,
  );
  return { name, scheduler: scheduler.name, timesteps: run.timesteps, sigmas };
}

function drawsNoise(scheduler: Scheduler): boolean {
  let draws = 0;
  const silent: RandomSource = {
    normal(count) {
      draws++;
      return new Float32Array(count);
    },
    state: () => ({ kind: 'silent', words: [], extra: [] }),
  };
  const run = start(scheduler, 4, silent);
  let sample: Float32Array = Float32Array.of(1);
  for (const index of run.timesteps.keys()) sample = run.step(Float32Array.of(0), sample, index).sample;
  return draws > 0;
}

function start(scheduler: Scheduler, steps: number, random: RandomSource): ReturnType<Scheduler['start']> {
  return scheduler.start({ steps, strength: 1, random });
}
