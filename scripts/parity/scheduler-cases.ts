import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ByteSource,
  openWeights,
  type RandomSource,
  type SamplingRun,
  type Scheduler,
  schedulerFromConfig,
} from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { type Check, compare } from './check.js';

/** One recorded run of a diffusers scheduler, as in `schedulers.json`. */
export interface SchedulerCase {
  name: string;
  scheduler: string;
  config: Record<string, unknown>;
  num_inference_steps: number;
  timesteps: number[];
  sigmas?: number[];
  init_noise_sigma: number;
  /** Arguments of every step, such as `eta`. */
  step_args: Record<string, unknown>;
  /** Timesteps or sigmas that were given in place of a number of steps. */
  set_timesteps?: Record<string, unknown>;
  noise_draws: number;
  add_noise_timestep: number;
}

/** A directory of recorded runs. */
export interface SchedulerReference {
  readonly cases: readonly SchedulerCase[];
  /** A recorded tensor, or `undefined` when there is none of that name. */
  tensor(name: string): Promise<Float32Array | undefined>;
}

/** Levels must agree to this share of the largest one, whole timesteps exactly; trajectories to ten times as much. */
const scheduleTolerance = 1e-6;
const trajectoryTolerance = 1e-5;

/** Opens `schedulers.json` and `schedulers.safetensors` of a directory. */
export async function openSchedulerReference(directory: string): Promise<SchedulerReference> {
  const { cases } = JSON.parse(readFileSync(join(directory, 'schedulers.json'), 'utf8')) as {
    cases: SchedulerCase[];
  };
  const store = await openWeights(fileSource(join(directory, 'schedulers.safetensors')) as ByteSource);
  return {
    cases,
    async tensor(name) {
      if (!store.entries.has(name)) return undefined;
      const { type, bytes } = await store.read(name);
      if (type !== 'f32') throw new Error(`${name} is ${type}, expected f32`);
      return new Float32Array(bytes.slice().buffer);
    },
  };
}

/** Our scheduler for a case: its configuration as a file would have it, with what was given later on top. */
export function schedulerOfCase(reference: SchedulerCase): Scheduler {
  const camel = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const { num_inference_steps: _, original_inference_steps, ...given } = reference.set_timesteps ?? {};
  const later = Object.entries({
    ...reference.step_args,
    ...given,
    ...(original_inference_steps === undefined ? {} : { original_inference_steps }),
  });
  const overrides = Object.fromEntries(later.map(([name, value]) => [camel(name), value]));
  const config = { _class_name: reference.scheduler, ...reference.config };
  return schedulerFromConfig(config, reference.name, overrides).scheduler;
}

/** Everything that a case recorded, compared. */
export async function* checkScheduler(
  reference: SchedulerCase,
  tensor: (name: string) => Promise<Float32Array | undefined>,
): AsyncGenerator<Check> {
  const of = async (name: string): Promise<Float32Array> => {
    const values = await tensor(`${reference.name}.${name}`);
    if (values === undefined) throw new Error(`${reference.name}.${name} was not recorded`);
    return values;
  };
  const draws: Float32Array[] = [];
  for (let i = 0; i < reference.noise_draws; i++) draws.push(await of(`noise${i}`));
  const run = schedulerOfCase(reference).start({
    steps: reference.num_inference_steps,
    strength: 1,
    random: recorded(draws),
  });
  yield compareLevels('timesteps', run.timesteps, reference.timesteps);
  yield compareLevels('initial sigma', [run.initialSigma], [reference.init_noise_sigma]);
  if (reference.sigmas) {
    const known = run.timesteps.map((_, index) => sigmaAt(run, index));
    yield compareLevels('sigmas', known, reference.sigmas.slice(0, known.length));
  }
  let sample = await of('start');
  for (const [index, timestep] of run.timesteps.entries()) {
    const input = run.scaleInput(sample, index);
    yield compareFinite(`input${index}`, input, await of(`input${index}`));
    const wave = 0.3 * Math.sin(timestep / 90);
    const output = input.map((x) => Math.tanh(0.8 * x + wave));
    sample = run.step(output, sample, index).sample;
    yield compareFinite(`step${index}`, sample, await of(`step${index}`));
  }
  yield { name: 'draws left', error: draws.length, passed: draws.length === 0 };
  const at = reference.timesteps.lastIndexOf(reference.add_noise_timestep);
  const noised = run.addNoise(await of('add_noise.sample'), await of('add_noise.noise'), at);
  yield compareFinite('add_noise', noised, await of('add_noise.out'));
}

function recorded(draws: Float32Array[]): RandomSource {
  return {
    normal: (count) => draws.shift() ?? new Float32Array(count).fill(Number.NaN),
    state: () => ({ kind: 'recorded', words: [], extra: [] }),
  };
}

/** Noise over signal, as addNoise mixes them. */
function sigmaAt(run: SamplingRun, index: number): number {
  const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
  return run.addNoise(zero, one, index)[0]! / run.addNoise(one, zero, index)[0]!;
}

function compareLevels(name: string, actual: readonly number[], expected: readonly number[]): Check {
  if (!expected.every(Number.isFinite)) return bothFinite(name, actual);
  const largest = Math.max(...expected.map(Math.abs));
  const difference = Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN))), 0);
  const whole = name === 'timesteps' && expected.every(Number.isInteger);
  const error = actual.length === expected.length ? difference / (largest || 1) : Number.POSITIVE_INFINITY;
  return { name, error, passed: error <= (whole ? 0 : scheduleTolerance) };
}

/** Where the reference itself is not a number, ours must be one. */
function compareFinite(name: string, actual: Float32Array, expected: Float32Array): Check {
  if (expected.every(Number.isFinite)) return compare(name, actual, expected, trajectoryTolerance);
  return bothFinite(name, actual);
}

function bothFinite(name: string, actual: ArrayLike<number>): Check {
  const passed = Array.from(actual).every(Number.isFinite);
  return { name: `${name} (the reference is not finite; ours must be)`, error: 0, passed };
}
