import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import { randomSeed } from '../core/torch-random.js';
import { invalid } from './component-options.js';
import type { PipelineEvent } from './events.js';
import type { GenerateOptions } from './generate-options.js';
import type { TravelPrompt } from './travel-options.js';

/** One animation of a batch: what differs from the common options. A seed here is used instead of `seeds`. */
export type BatchJob = Omit<GenerateOptions, 'signal'>;

/** Options of `batch`: the jobs, and what they have in common, as `generate` takes it. */
export interface BatchOptions extends Omit<Partial<GenerateOptions>, 'prompt' | 'seed'> {
  /** What to make, at least one: a prompt alone, or a prompt with options of its own. */
  jobs: readonly (string | BatchJob)[];
  /** Each job without a seed of its own is made once with each of these. Default: once, with a random one. */
  seeds?: readonly number[] | undefined;
  /**
   * What happens when a job fails, which a `job-error` event tells in either case: `stop` gives the animations that are
   * done by then and throws its error; `continue` goes on with the next. Default `stop`.
   */
  onError?: 'stop' | 'continue' | undefined;
}

/** Which animation of a batch it is. */
export interface BatchItem {
  /** Index of the animation, from 0: all seeds of the first job, then those of the second, and so on. */
  readonly index: number;
  /** Number of animations. */
  readonly count: number;
  /** Index in `jobs`. */
  readonly job: number;
  /** The prompt as it was given. */
  readonly prompt: TravelPrompt;
  /** The seed given or drawn. */
  readonly seed: number;
}

/** A job of a batch did not succeed. */
export interface JobErrorEvent {
  readonly type: 'job-error';
  /** Why; an `AnimateDiffError` unless something unforeseen happened. */
  readonly error: unknown;
}

/** What `batch` gives: an event as `stream` has them, and whose it is. */
export interface BatchEvent {
  /** Whose event it is. */
  readonly item: BatchItem;
  /** What happened. */
  readonly event: PipelineEvent | JobErrorEvent;
}

/** One animation to make, with all its options. */
export interface BatchRequest {
  readonly item: BatchItem;
  readonly options: GenerateOptions;
}

/** The animations that a batch consists of. @throws `invalid-options` for what is wrong with the list itself. */
export function batchRequests(batch: BatchOptions): BatchRequest[] {
  const { jobs, seeds, onError, signal, ...common } = batch ?? {};
  const seed = z.int().check(z.gte(0));
  const schema = z.strictObject({
    jobs: z.array(z.union([z.string(), z.looseObject({})])).check(z.minLength(1)),
    seeds: z.optional(z.array(seed).check(z.minLength(1))),
    onError: z.optional(z.enum(['stop', 'continue'])),
  });
  checkOptions<unknown>(schema, { jobs, seeds, onError }, 'batch');
  const requests = jobs.flatMap((entry, job) => {
    const own = typeof entry === 'string' ? { prompt: entry } : entry;
    if ('signal' in own)
      invalid(`batch: jobs.${job}.signal: there is one for the whole batch; give it there`);
    return (own.seed === undefined ? (seeds ?? [randomSeed()]) : [own.seed]).map((each) => ({
      job,
      options: { ...common, ...given(own), signal, seed: each } as GenerateOptions,
    }));
  });
  return requests.map(({ job, options }, index) => ({
    item: { index, count: requests.length, job, prompt: options.prompt, seed: options.seed! },
    options,
  }));
}

/** Without what is there but `undefined`, which would hide a common option. */
function given(job: BatchJob): object {
  return Object.fromEntries(Object.entries(job).filter(([, value]) => value !== undefined));
}

/** Checks one animation's options; what is wrong with them is told with the job's place. */
export function checkedJob<T>({ item }: BatchRequest, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!AnimateDiffError.isInstance(error)) throw error;
    const { code, message, details } = error;
    throw new AnimateDiffError(code, `jobs.${item.job}: ${message}`, {
      cause: error,
      details: { ...details, job: item.job },
    });
  }
}
