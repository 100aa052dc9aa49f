import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import type { RandomSource } from '../core/random.js';
import { restoreTorchRandom, torchRandom } from '../core/torch-random.js';
import type { SamplingRequest, SamplingRun, Scheduler } from '../schedulers/scheduler.js';

/** Fresh noise between the steps. */
export interface NoiseInjection {
  /** Shares of the steps, above 0 and below 1, after which it is added: 0.5 is halfway, `[0.3, 0.6]` twice. */
  at: number | readonly number[];
  /**
   * How much of the noise that is left is exchanged for fresh noise: 0 is none; 1 all, so that only what the step
   * predicts of the picture stays. Default 1.
   */
  strength?: number | undefined;
}

/** A schema of {@link NoiseInjection}. */
export function noiseInjectionSchema(): z.ZodMiniType<NoiseInjection> {
  const share = z.number().check(z.gt(0), z.lt(1));
  return z.strictObject({
    at: z.union([share, z.array(share).check(z.minLength(1), z.maxLength(100))]),
    strength: z.optional(z.number().check(z.gte(0), z.lte(1))),
  });
}

/**
 * A sampler whose noise is partly exchanged between steps, at an unchanged level: of a sample x that stands for the clean
 * latents x₀ and unit noise ε, the noise becomes √(1 − s²)·ε + s·fresh, whose variance is the same again.
 *
 * What samplers remember of earlier steps belongs to the old noise, so the run begins anew there, as video to video
 * begins in the middle of a schedule. States are those of the sampler, and resume bit for bit.
 */
export function withNoiseInjection(scheduler: Scheduler, injection: NoiseInjection | undefined): Scheduler {
  if (injection === undefined) return scheduler;
  return {
    ...scheduler,
    start(request) {
      const segments = segmentsOf(scheduler, request, injection);
      return injectedRun({ scheduler, request, segments, injection }, scheduler.start(request), 0);
    },
    resume(request, state) {
      const segments = segmentsOf(scheduler, request, injection);
      const at = Math.max(
        0,
        segments.findLastIndex(({ offset }) => offset <= state.index),
      );
      const { offset, strength } = segments[at]!;
      const restore = request.restoreRandom ?? restoreTorchRandom;
      let restored: RandomSource | undefined;
      const restoreRandom: typeof restore = (stored) => {
        restored = restore(stored);
        return restored;
      };
      const run = scheduler.resume(
        { ...request, strength, restoreRandom },
        { ...state, index: state.index - offset },
      );
      const random = restored ?? restore(state.random);
      const again = { steps: request.steps, strength: request.strength, random };
      return injectedRun({ scheduler, request: again, segments, injection }, run, at);
    },
  };
}

/** Evaluations between two injections. */
interface Segment {
  /** Share of the schedule that is left at its beginning. */
  readonly strength: number;
  /** Index of its first evaluation. */
  readonly offset: number;
  /** Its evaluations. */
  readonly count: number;
  /** A run from its beginning that takes no step, for what is asked of levels. */
  readonly plan: SamplingRun;
}

function segmentsOf(
  scheduler: Scheduler,
  { steps, strength }: Pick<SamplingRequest, 'steps' | 'strength'>,
  { at }: NoiseInjection,
): readonly Segment[] {
  const kept = Math.min(Math.trunc(steps * strength), steps);
  const cuts = [at].flat().map((share) => Math.round(share * kept));
  const starts = [...new Set(cuts)].filter((step) => step > 0 && step < kept).sort((a, b) => a - b);
  const begin = (share: number): Pick<Segment, 'strength' | 'plan'> => ({
    strength: share,
    plan: scheduler.start({ steps, strength: share, random: torchRandom(0) }),
  });
  // Half a step more, so that no rounding leaves out one.
  const begun = [begin(strength), ...starts.map((step) => begin((kept - step + 0.5) / steps))];
  let offset = 0;
  return begun.map(({ strength: share, plan }, i) => {
    const next = begun[i + 1]?.plan;
    const count = next === undefined ? plan.timesteps.length : evaluationsUpTo(next, plan, scheduler.name);
    offset += count;
    return { strength: share, plan, count, offset: offset - count };
  });
}

/** How many evaluations of a run lead to where another one begins; of those that stand at its level, the last. */
function evaluationsUpTo(next: SamplingRun, run: SamplingRun, name: string): number {
  const goal = levelOf(next, 0).join();
  const found = run.timesteps.findLastIndex((_, index) => levelOf(run, index).join() === goal);
  if (found > 0) return found;
  throw new AnimateDiffError(
    'unsupported',
    `noiseInjection: '${name}' begins in the middle of its schedule at a level that its whole run does not visit; use another scheduler`,
  );
}

/** Shares of clean latents and of noise. */
function levelOf(run: SamplingRun, index: number): number[] {
  const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
  return [run.addNoise(one, zero, index)[0]!, run.addNoise(zero, one, index)[0]!];
}

interface InjectedRequest {
  readonly scheduler: Scheduler;
  readonly request: SamplingRequest;
  readonly segments: readonly Segment[];
  readonly injection: NoiseInjection;
}

function injectedRun(
  { scheduler, request, segments, injection }: InjectedRequest,
  begun: SamplingRun,
  first: number,
): SamplingRun {
  let [run, at] = [begun, first];
  const planAt = (index: number): [SamplingRun, number] => {
    const { plan, offset } = segments.findLast((segment) => segment.offset <= index) ?? segments[0]!;
    return [plan, index - offset];
  };
  return {
    timesteps: segments.flatMap(({ plan, count }) => plan.timesteps.slice(0, count)),
    initialSigma: segments[0]!.plan.initialSigma,
    scaleInput(sample, index) {
      const [plan, local] = planAt(index);
      return plan.scaleInput(sample, local);
    },
    addNoise(clean, noise, index) {
      const [plan, local] = planAt(index);
      return plan.addNoise(clean, noise, local);
    },
    step(output, sample, index) {
      const { offset, count } = segments[at]!;
      const done = run.step(output, sample, index - offset);
      const next = segments[at + 1];
      if (next === undefined || index + 1 < offset + count) return done;
      run = scheduler.start({ ...request, strength: next.strength });
      at++;
      const fresh = request.random.normal(sample.length);
      return { ...done, sample: renewed(next.plan, done, fresh, injection.strength ?? 1) };
    },
    state() {
      const state = run.state();
      return { ...state, index: segments[at]!.offset + state.index };
    },
  };
}

/** √(1 − s²)·x + noised((1 − √(1 − s²))·x₀, s·fresh): what keeps x₀, since noising is linear in both. */
function renewed(
  run: SamplingRun,
  { sample, denoised }: { readonly sample: Float32Array; readonly denoised: Float32Array },
  fresh: Float32Array,
  strength: number,
): Float32Array {
  const keep = Math.sqrt(1 - strength ** 2);
  const added = run.addNoise(
    denoised.map((value) => (1 - keep) * value),
    fresh.map((value) => strength * value),
    0,
  );
  return added.map((value, i) => value + keep * sample[i]!);
}
