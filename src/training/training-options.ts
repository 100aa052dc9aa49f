import * as z from 'zod/mini';
import type { Adapter } from '../adapters/adapter.js';
import type { Backend } from '../backends/backend.js';
import { checkOptions } from '../core/check-options.js';
import type { ModelSource } from '../core/source.js';
import type { BetaSchedule } from '../schedulers/noise-schedule.js';
import type { TrainingClip } from './clip.js';
import type { LatentCache } from './latent-cache.js';
import type { LearningRateSchedule } from './learning-rate.js';
import type { TrainedPrediction } from './noise-objective.js';
import type { TrainingEvent } from './training-events.js';

/** Options that all trainers take. */
export interface TrainingOptions {
  /** Where the networks run. Any will do: only ONNX's own operators are used. */
  backend: Backend;
  /**
   * More backends, which take part in each step: the batches of `accumulate` are shared out and run at the same time, to
   * the same result. Small networks keep two backends of one thread busier than one of two: they took 1.2 times as long
   * with the latter. Each holds the networks anew. Default: none.
   */
  moreBackends?: readonly Backend[] | undefined;
  /** The Stable Diffusion 1.x model that is trained for; it stays as it is. */
  checkpoint: ModelSource;
  /** A VAE to use instead of the checkpoint's own. */
  vae?: ModelSource | undefined;
  /** Adapters that are in place while training, fused: such as the domain adapter. They stay as they are. */
  adapters?: readonly Adapter[] | undefined;
  /** What to learn from. */
  clips: readonly TrainingClip[];
  /** Steps of the optimiser. */
  steps: number;
  /** Clips (single frames for the domain adapter) seen at once. Default 1. */
  batchSize?: number | undefined;
  /** Batches whose gradients are added up for one step. Default 1. */
  accumulate?: number | undefined;
  /** Default 1e-4. */
  learningRate?: number | undefined;
  /** Default `constant`. */
  schedule?: LearningRateSchedule | undefined;
  /** Steps in which the learning rate rises from 0. Default 0. */
  warmupSteps?: number | undefined;
  /** AdamW's. Default 0.01. */
  weightDecay?: number | undefined;
  /** AdamW's. Default `[0.9, 0.999]`. */
  betas?: readonly [number, number] | undefined;
  /** AdamW's. Default 1e-8. */
  epsilon?: number | undefined;
  /** Longest gradient; a longer one is shortened to it. Default 1. */
  maxGradientNorm?: number | undefined;
  /**
   * Share of an average of the weights that is kept from step to step, such as 0.999; the file then holds the average.
   * Default: none, the file holds the last weights.
   */
  averageDecay?: number | undefined;
  /** Share of the examples that see the empty prompt, which guidance needs. Default 0.1. */
  promptDropout?: number | undefined;
  /** Levels with little noise count less, by min-SNR weighting with this gamma (5 is usual). Default: all count alike. */
  minSnrGamma?: number | undefined;
  /** What the model predicts. Default `epsilon`. */
  prediction?: TrainedPrediction | undefined;
  /** How the noise grows over the 1000 timesteps from 0.00085 to 0.012. Default `linear`, AnimateDiff's. */
  betaSchedule?: BetaSchedule | undefined;
  /** Where all random numbers begin. Default 0. */
  seed?: number | undefined;
  /**
   * Whether blocks are computed again on the way back instead of being kept: less memory for more time.
   * Default false.
   */
  recompute?: boolean | undefined;
  /** Where latents are kept between runs, such as `folderLatentCache` of `animatediff-js/node`. Default: nowhere. */
  latentCache?: LatentCache | undefined;
  /** After how many steps, again and again, there is a `checkpoint` event. Default: never. */
  checkpointEvery?: number | undefined;
  /** After how many steps, again and again, there is a `training-sample` event. Default: never. */
  sampleEvery?: number | undefined;
  /** The bytes of a `checkpoint` event: the run goes on from there, bit for bit. The other options must be the same. */
  resume?: Uint8Array | undefined;
  /** Told what happens; what it returns is waited for. */
  onEvent?: ((event: TrainingEvent) => void | Promise<void>) | undefined;
  /**
   * Ends the run after the step under way, with a last `checkpoint` event; it resolves to what has been learned so far.
   * Steps begin after the `training-start` event: until then only `signal` ends the run.
   */
  stop?: AbortSignal | undefined;
  /** Ends the run, which rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Options of trainers that see whole clips. */
export interface ClipTrainingOptions extends TrainingOptions {
  /** Frames of a clip seen at once, at most what the motion module has positions for. Default 16. */
  numFrames?: number | undefined;
  /** Every so manyth frame is taken. Default 1. */
  frameStride?: number | undefined;
}

type Open =
  | 'vae'
  | 'adapters'
  | 'averageDecay'
  | 'minSnrGamma'
  | 'latentCache'
  | 'checkpointEvery'
  | 'sampleEvery'
  | 'stop'
  | 'resume'
  | 'onEvent'
  | 'signal';

/** Options with the defaults filled in. */
export type ResolvedTraining<T extends TrainingOptions> = {
  readonly [K in keyof T]-?: K extends Open ? T[K] | undefined : Exclude<T[K], undefined>;
};

const present = <T>(): z.ZodMiniType<T> =>
  z.custom<T>((value) => typeof value === 'object' && value !== null);
const count = (least: number): z.ZodMiniType<number> => z.int().check(z.gte(least), z.lte(1e9));
const positive = (): z.ZodMiniType<number> => z.number().check(z.gt(0));
const share = (): z.ZodMiniType<number> => z.number().check(z.gte(0), z.lt(1));

/** Schemas of {@link TrainingOptions}. */
function trainingFields() {
  return {
    backend: present<Backend>(),
    moreBackends: z._default(z.array(present<Backend>()), []),
    checkpoint: sourceField(),
    vae: z.optional(sourceField()),
    adapters: z.optional(z.array(z.custom<Adapter>())),
    clips: z.array(present<TrainingClip>()).check(z.minLength(1)),
    steps: count(1),
    batchSize: z._default(count(1), 1),
    accumulate: z._default(count(1), 1),
    learningRate: z._default(positive(), 1e-4),
    schedule: z._default(z.enum(['constant', 'cosine']), 'constant'),
    warmupSteps: z._default(count(0), 0),
    weightDecay: z._default(z.number().check(z.gte(0)), 0.01),
    betas: z._default(z.tuple([share(), share()]), [0.9, 0.999]),
    epsilon: z._default(positive(), 1e-8),
    maxGradientNorm: z._default(positive(), 1),
    averageDecay: z.optional(share()),
    promptDropout: z._default(z.number().check(z.gte(0), z.lte(1)), 0.1),
    minSnrGamma: z.optional(positive()),
    prediction: z._default(z.enum(['epsilon', 'v_prediction']), 'epsilon'),
    betaSchedule: z._default(z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']), 'linear'),
    seed: z._default(z.int().check(z.gte(0)), 0),
    recompute: z._default(z.boolean(), false),
    latentCache: z.optional(present<LatentCache>()),
    checkpointEvery: z.optional(count(1)),
    sampleEvery: z.optional(count(1)),
    resume: z.optional(z.instanceof(Uint8Array)),
    onEvent: z.optional(
      z.custom<NonNullable<TrainingOptions['onEvent']>>((value) => typeof value === 'function'),
    ),
    stop: z.optional(z.instanceof(AbortSignal)),
    signal: z.optional(z.instanceof(AbortSignal)),
  };
}

/**
 * Checks a trainer's options and fills in the defaults.
 * @param more Schemas of the options that this trainer has besides.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function resolveTraining<T extends TrainingOptions>(
  what: string,
  options: T,
  more: Readonly<Record<string, z.ZodMiniType>>,
): ResolvedTraining<T> {
  // What strictObject makes of the fields is what ResolvedTraining says; TypeScript cannot compute it for a free T.
  const schema = z.strictObject({ ...trainingFields(), ...more }) as unknown as z.ZodMiniType<
    ResolvedTraining<T>
  >;
  return checkOptions(schema, options, what);
}

/** Schemas of what {@link ClipTrainingOptions} adds. */
export function clipFields(): Readonly<Record<string, z.ZodMiniType>> {
  return { numFrames: z._default(count(1), 16), frameStride: z._default(count(1), 1) };
}

/** Schema of a low-rank change's inner size. */
export function rankField(fallback: number): z.ZodMiniType {
  return z._default(z.int().check(z.gte(1), z.lte(1024)), fallback);
}

/** Schema of a model's file or folder. */
export function sourceField(): z.ZodMiniType<ModelSource> {
  return present<ModelSource>();
}
