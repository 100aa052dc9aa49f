import { AnimateDiffError } from '../core/errors.js';
import type { RandomSource } from '../core/random.js';
import { torchRandom } from '../core/torch-random.js';
import type { SamplingRequest, SamplingRun, SamplingStep } from '../schedulers/scheduler.js';

/** Denoising steps of every trial. */
export const trialSteps = 6;
/** Values in the latents of every trial. */
export const trialSize = 256;

/** A whole run with noise of its own. */
export function trialRequest(seed: number = 1): SamplingRequest {
  return { steps: trialSteps, strength: 1, random: torchRandom(seed) };
}

/** The noise that every trial starts from, at the run's own deviation. */
export function trialStart(run: SamplingRun): Float32Array {
  return torchRandom(42)
    .normal(trialSize)
    .map((value) => value * run.initialSigma);
}

/** Stands in for a network: any smooth function of sample and timestep will do. */
export function trialModel(scaled: Float32Array, timestep: number): Float32Array {
  return scaled.map((x) => Math.tanh(0.8 * x + 0.3 * Math.sin(timestep / 90)));
}

/** One step, with what the model saw. */
export interface TrialStep extends SamplingStep {
  /** The model's input. */
  readonly scaled: Float32Array;
}

/** One step with {@link trialModel}. */
export function advance(run: SamplingRun, sample: Float32Array, index: number): TrialStep {
  const scaled = run.scaleInput(sample, index);
  return { scaled, ...run.step(trialModel(scaled, run.timesteps[index]!), sample, index) };
}

/** Every step from `first` on; `look` sees each. @returns the last sample. */
export function drive(
  run: SamplingRun,
  from: Float32Array,
  first: number,
  look: (index: number, seen: TrialStep) => void,
): Float32Array {
  let sample = from;
  for (let index = first; index < run.timesteps.length; index++) {
    const seen = advance(run, sample, index);
    look(index, seen);
    sample = seen.sample;
  }
  return sample;
}

/** The last sample of a whole run. */
export function finish(run: SamplingRun): Float32Array {
  return drive(run, trialStart(run), 0, () => {});
}

/** What addNoise multiplies clean latents and noise with. */
export function levelAt(
  run: SamplingRun,
  index: number,
): { readonly signal: number; readonly spread: number } {
  const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
  return { signal: run.addNoise(one, zero, index)[0]!, spread: run.addNoise(zero, one, index)[0]! };
}

/** A source of noise that notes how much was drawn at a time. */
export function recording(
  normal: (count: number) => Float32Array,
): RandomSource & { readonly draws: readonly number[] } {
  const draws: number[] = [];
  return {
    draws,
    normal(count) {
      draws.push(count);
      return normal(count);
    },
    state: () => ({ kind: 'recording', words: [], extra: [] }),
  };
}

/** Mean and variance. */
export function moments(values: Float32Array): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

/** @throws when it does not hold. */
export function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

/** @throws unless both are the same to the last bit. */
export function checkSame(actual: Float32Array, expected: Float32Array, message: string): void {
  check(actual.length === expected.length, `${message} (${actual.length} and ${expected.length} values)`);
  const at = actual.findIndex((value, i) => !Object.is(value, expected[i]));
  check(at < 0, `${message} (element ${at}: ${actual[at]} and ${expected[at]})`);
}

/** @throws unless every value is within `tolerance` of the largest expected one. */
export function checkClose(
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
  message: string,
): void {
  check(actual.length === expected.length, `${message} (${actual.length} and ${expected.length} values)`);
  const scale = Math.max(...expected.map(Math.abs), 1e-3);
  const at = actual.findIndex((value, i) => !(Math.abs(value - expected[i]!) <= tolerance * scale));
  check(at < 0, `${message} (element ${at}: ${actual[at]}, expected ${expected[at]})`);
}

/** @throws unless the attempt throws `invalid-options`. */
export function checkRefused(what: string, attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    check(
      AnimateDiffError.isInstance(error) && error.code === 'invalid-options',
      `${what}: threw ${String(error)}`,
    );
    return;
  }
  throw new Error(`${what}: was not refused with 'invalid-options'`);
}
