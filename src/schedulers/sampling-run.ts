import type { RandomSource } from '../core/random.js';
import type { NoiseLevel } from './prediction.js';
import type { SamplingRun, SamplingStep, Scheduler } from './scheduler.js';
import { checkSameLength, restoreState, type SamplerMemory, savedState, stepOrder } from './step-order.js';

/** The schedule of one run. */
export interface SamplingPlan {
  /** What the model is told at each evaluation. */
  readonly timesteps: readonly number[];
  /** Standard deviation of the start noise. */
  readonly initialSigma: number;
  /** The level that a run which begins at an evaluation starts from. */
  readonly levels: readonly NoiseLevel[];
  /** What a sample is multiplied with to become the model's input, by evaluation; all 1 unless given. */
  readonly inputScales?: readonly number[];
}

/** One step to take. */
export interface StepRequest {
  readonly output: Float32Array;
  readonly sample: Float32Array;
  readonly index: number;
  /** What the sampler keeps between steps. */
  readonly memory: SamplerMemory;
  readonly random: RandomSource;
}

/** What tells one sampler from another: which levels it visits, and how it goes from one to the next. */
export interface Sampler<Plan extends SamplingPlan> {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The most arrays that it keeps in `memory.history`. */
  readonly historyLength: number;
  /** @throws `invalid-options` when steps or strength are out of range. */
  plan(steps: number, strength: number): Plan;
  step(plan: Plan, request: StepRequest): SamplingStep;
}

/** A scheduler from what is special about it: order of steps, checks and state are the same for all. */
export function schedulerOf<Plan extends SamplingPlan>(sampler: Sampler<Plan>): Scheduler {
  const { name, config } = sampler;
  return {
    contract: 'scheduler/1',
    name,
    config,
    start({ steps, strength, random }) {
      const memory: SamplerMemory = { history: [], held: undefined };
      return samplingRun(sampler, sampler.plan(steps, strength), 0, memory, random);
    },
    resume(request, state) {
      const plan = sampler.plan(request.steps, request.strength);
      const { index, memory, random } = restoreState(sampler, plan.timesteps.length, request, state);
      return samplingRun(sampler, plan, index, memory, random);
    },
  };
}

function samplingRun<Plan extends SamplingPlan>(
  sampler: Sampler<Plan>,
  plan: Plan,
  first: number,
  memory: SamplerMemory,
  random: RandomSource,
): SamplingRun {
  const { name } = sampler;
  const { timesteps, initialSigma, levels, inputScales } = plan;
  const order = stepOrder(name, timesteps.length, first);
  return {
    timesteps,
    initialSigma,
    scaleInput(sample, index) {
      order.check(index);
      const scale = inputScales?.[index] ?? 1;
      return scale === 1 ? sample.slice() : sample.map((value) => value * scale);
    },
    step(output, sample, index) {
      checkSameLength(name, output, sample);
      for (const kept of memory.history) checkSameLength(name, kept, sample);
      order.advance(index);
      return sampler.step(plan, { output, sample, index, memory, random });
    },
    addNoise(clean, noise, index) {
      checkSameLength(name, clean, noise);
      order.check(index);
      const { signal, spread } = levels[index]!;
      return clean.map((x0, i) => signal * x0 + spread * noise[i]!);
    },
    state: () => savedState(name, timesteps.length, order.next, memory, random),
  };
}

/** Puts an array in front of what is kept, and lets go of the oldest beyond `most`. The array must be the sampler's own. */
export function remember(memory: SamplerMemory, values: Float32Array, most: number): void {
  memory.history.unshift(values);
  memory.history.length = Math.min(memory.history.length, most);
}
