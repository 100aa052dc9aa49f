import type { Float32Tensor } from '../core/tensor.js';
import type { BatchEvent, BatchItem, BatchOptions } from './batch-options.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import { announced, denoised, finished } from './generation.js';
import type { GenerationParts } from './generation-parts.js';
import { begun, type Start } from './generation-start.js';
import type { NetworkName, Networks } from './networks.js';
import { conditioningOfPrompts, encodePrompts, type PromptPlan, promptPlan } from './prompt-plan.js';

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;
type Tagged<T> = AsyncGenerator<BatchEvent, T, undefined>;

/** One animation of a batch, ready to be made. */
export interface PreparedJob {
  readonly item: BatchItem;
  readonly parts: GenerationParts;
  /** With the batch's signal. */
  readonly options: ResolvedGenerateOptions;
}

/** How a batch is made. */
export interface BatchRun {
  readonly networks: Networks;
  readonly onError: NonNullable<BatchOptions['onError']>;
  readonly signal: AbortSignal;
}

/** Its prompts, and their embeddings `[keyframes, tokens, width]`; `undefined` when there is nothing to denoise. */
interface Texts {
  readonly prompts: PromptPlan;
  readonly encoded: Float32Tensor | undefined;
}

interface BegunJob extends PreparedJob {
  /** Only where the VAE's encoder was needed for it. */
  readonly start: Start | undefined;
}

/** Ready for the UNet. */
interface EncodedJob extends BegunJob, Texts {}

interface DenoisedJob extends EncodedJob {
  readonly latents: Float32Tensor;
}

/**
 * Many animations, each the same as one by itself, with each network brought into memory as seldom as can be: all
 * pictures are encoded, then all prompts, then the UNet stays for all jobs. Where the residency lets the decoder be in
 * memory beside the UNet, each animation is decoded as soon as its latents are done, since frames are large, latents are
 * not, and whoever waits wants to see something. With residency `one` they are decoded together at the end.
 */
export async function* batch(jobs: readonly PreparedJob[], run: BatchRun): Tagged<void> {
  const atEnd = run.networks.residency === 'one';
  const failures: unknown[] = [];
  const stage = <J extends PreparedJob, R>(
    network: NetworkName,
    of: readonly J[],
    work: (job: J) => Events<R>,
  ): Tagged<R[]> => throughStage(run, network, of, work, (error) => failures.push(error));
  const stopAtFailure = (): void => {
    if (run.onError === 'stop' && failures.length > 0) throw failures[0];
  };

  const begunJobs = yield* stage('vae_encoder', jobs, async function* (job) {
    const { video, image } = job.options;
    return { ...job, start: (video ?? image) && (yield* begun(job.parts, job.options)) };
  });
  stopAtFailure();
  const shared = new Map<number, Texts>();
  const encodedJobs = yield* stage('text_encoder', begunJobs, async function* (job): Events<EncodedJob> {
    const texts = shared.get(job.item.job) ?? (yield* textsOf(job));
    shared.set(job.item.job, texts);
    return { ...job, ...texts };
  });
  stopAtFailure();
  const denoisedJobs = yield* stage('unet', encodedJobs, async function* (job): Events<DenoisedJob> {
    const result = { ...job, latents: yield* latentsOf(job) };
    if (!atEnd) yield* picturesOf(result);
    return result;
  });
  // Also after a failure: what is done is given.
  if (atEnd) yield* stage('vae_decoder', denoisedJobs, picturesOf);
  stopAtFailure();
}

/** The results of one stage of all jobs, but for those that fail in it. Its network stays until it is over. */
async function* throughStage<J extends PreparedJob, R>(
  { networks, onError, signal }: BatchRun,
  network: NetworkName,
  jobs: readonly J[],
  work: (job: J) => Events<R>,
  onFailure: (error: unknown) => void,
): Tagged<R[]> {
  const results: R[] = [];
  const letGo = networks.keep(network);
  try {
    for (const job of jobs) {
      try {
        results.push(yield* tagged(job.item, work(job)));
      } catch (error) {
        signal.throwIfAborted();
        onFailure(error);
        yield { item: job.item, event: { type: 'job-error', error } };
        if (onError === 'stop') break;
      }
    }
  } finally {
    await letGo();
  }
  return results;
}

/** Events with whose they are. Who leaves the loop ends the work behind it too. */
async function* tagged<R>(item: BatchItem, events: Events<R>): Tagged<R> {
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
      yield { item, event: next.value };
    }
  } finally {
    await events.return(undefined as never);
  }
}

async function* textsOf({ parts, options, start }: BegunJob): Events<Texts> {
  const prompts = promptPlan(parts, options);
  const nothingToDo = start !== undefined && start.run === undefined;
  return { prompts, encoded: nothingToDo ? undefined : yield* encodePrompts(parts, prompts, options) };
}

async function* latentsOf(job: EncodedJob): Events<Float32Tensor> {
  const { parts, options, prompts, encoded } = job;
  const start = job.start ?? (yield* begun(parts, options));
  yield* announced(parts, options, prompts, start);
  const conditioning = encoded && conditioningOfPrompts(encoded, prompts, options);
  return yield* denoised(parts, options, start, conditioning);
}

async function* picturesOf({ parts, options, prompts, item: { seed }, latents }: DenoisedJob): Events<void> {
  yield* finished(parts, options, prompts, { seed, latents });
}
