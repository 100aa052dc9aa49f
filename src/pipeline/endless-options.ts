import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import type { SchedulerFactory } from '../schedulers/presets.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import type { Emphasis } from '../text/emphasis.js';
import { invalid } from './component-options.js';
import { longestSide } from './generate-checks.js';
import { type GuidanceBatching, isScheduler, schedulerExpected } from './generate-options.js';
import type { PromptSyntax } from './prompt-options.js';
import type { OnNonFinite } from './unet-guard.js';
import { type VaeTiling, vaeTilingSchema } from './vae-tiling.js';

/**
 * What to show: a text, or a function that is asked for the text of each frame when the frame enters the queue, many
 * frames before it is shown. Each distinct text is encoded once while it is among the latest.
 */
export type EndlessPrompt = string | ((frame: number) => string);

/**
 * Options of `endless`. The queue has a frame for each evaluation of the network that a frame takes: the first is about
 * to be shown, the last is pure noise, and each round moves all of them on by one (Kim et al. 2024, "FIFO-Diffusion",
 * section 3). So a frame costs `numInferenceSteps / windowLength` runs of the network over `windowLength` frames, and
 * twice as many with lookahead.
 */
export interface EndlessOptions {
  /** See {@link EndlessPrompt}. */
  prompt: EndlessPrompt;
  /** What not to show. Default `''`. */
  negativePrompt?: string | undefined;
  /** Whether `(word:1.3)` and `[word]` mean something. Default `plain`: all is text. */
  promptSyntax?: PromptSyntax | undefined;
  /** With `promptSyntax: 'weighted'`, what weights do to embeddings. Default `original`. */
  emphasis?: Emphasis | undefined;
  /** How many of the text encoder's last layers to leave out. Default 0. */
  clipSkip?: number | undefined;
  /** Pixels, a multiple of 8. Default: what the model was trained on. */
  width?: number | undefined;
  /** Pixels, a multiple of 8. Default: as `width`. */
  height?: number | undefined;
  /** An integer from 0 to 2 ** 53 - 1; the same seed and options give the same frames. Default: a random one, told in the first event. */
  seed?: number | undefined;
  /** Strength of classifier-free guidance; 1 or less is none. Default: the motion module's preset, 7.5. */
  guidanceScale?: number | undefined;
  /** How both halves of guidance are computed. Default `auto`. */
  guidanceBatching?: GuidanceBatching | undefined;
  /**
   * Denoising steps of each frame; the more, the closer in noise are the frames of a window, and the better the motion
   * module knows what it sees. Any number works: the last window overlaps the one before it. Default: `partitions ×
   * windowLength`, 64; a distilled module's preset; as many as a scheduler with timesteps of its own has.
   */
  numInferenceSteps?: number | undefined;
  /** Frames that the motion module sees at once, at least 2. Default 16, or the module's limit. */
  windowLength?: number | undefined;
  /** Another way to give the steps, in windows (the paper's n): `numInferenceSteps / windowLength`. Default 4. */
  partitions?: number | undefined;
  /**
   * Whether only the later half of each window takes its step, so that all frames have cleaner ones before them; steadier,
   * at twice the cost. Default true.
   */
  lookahead?: boolean | undefined;
  /** The sampler, or a factory such as `euler`. Default: the pipeline's. */
  scheduler?: Scheduler | SchedulerFactory | undefined;
  /** Whether frames are decoded in tiles, as in `generate`. Default `auto`: above 768 × 768 pixels. */
  vaeTiling?: VaeTiling | undefined;
  /** What a prediction of NaN or infinity in float16 does, see `generate`. Default `retryFloat32`. */
  onNonFinite?: OnNonFinite | undefined;
  /** Cancels between two runs of a network; rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** What a model contributes to the defaults. */
export interface EndlessDefaults {
  /** Frames that the motion module has positions for; 1 without one. */
  readonly maxFrames: number;
  readonly size: number;
  readonly sizeMultiple: number;
  readonly guidanceScale: number;
  /** Steps that do not depend on the window: those of a distilled module, or of a scheduler with timesteps of its own. */
  readonly numInferenceSteps: number | undefined;
}

/** {@link EndlessOptions} with nothing left open but the seed. */
export interface ResolvedEndlessOptions {
  readonly prompt: EndlessPrompt;
  readonly negativePrompt: string;
  readonly promptSyntax: PromptSyntax;
  readonly emphasis: Emphasis;
  readonly clipSkip: number;
  readonly width: number;
  readonly height: number;
  readonly seed?: number | undefined;
  readonly guidanceScale: number;
  readonly guidanceBatching: GuidanceBatching;
  readonly numInferenceSteps: number;
  readonly windowLength: number;
  readonly lookahead: boolean;
  readonly vaeTiling?: VaeTiling | undefined;
  readonly onNonFinite: OnNonFinite;
  readonly signal?: AbortSignal | undefined;
}

const usualPartitions = 4;
const mostSteps = 1000;

/** Checks options and fills in defaults. @throws `invalid-options` that names what is wrong. */
export function resolveEndlessOptions(
  options: EndlessOptions,
  defaults: EndlessDefaults,
): ResolvedEndlessOptions {
  const { maxFrames, sizeMultiple } = defaults;
  if (maxFrames < 2) {
    invalid("endless: needs a motion module; load one with the option 'motionModule'");
  }
  const side = z.int().check(z.gte(sizeMultiple), z.lte(longestSide), z.multipleOf(sizeMultiple));
  const steps = z.optional(z.int().check(z.gte(1), z.lte(mostSteps)));
  const schema = z.strictObject({
    prompt: z.custom<EndlessPrompt>(
      (value) => typeof value === 'string' || typeof value === 'function',
      'expected text, or a function that gives the text of a frame',
    ),
    negativePrompt: z._default(z.string(), ''),
    promptSyntax: z._default(z.enum(['plain', 'weighted']), 'plain'),
    emphasis: z._default(z.enum(['original', 'noNorm', 'ignore']), 'original'),
    clipSkip: z._default(z.int().check(z.gte(0)), 0),
    width: z._default(side, options?.height ?? defaults.size),
    height: z._default(side, options?.width ?? defaults.size),
    seed: z.optional(z.int().check(z.gte(0))),
    guidanceScale: z._default(z.number().check(z.gte(0), z.lte(100)), defaults.guidanceScale),
    guidanceBatching: z._default(z.enum(['auto', 'batched', 'sequential']), 'auto'),
    numInferenceSteps: steps,
    windowLength: z._default(z.int().check(z.gte(2), z.lte(maxFrames)), Math.min(16, maxFrames)),
    partitions: steps,
    lookahead: z._default(z.boolean(), true),
    scheduler: z.optional(z.custom<Scheduler | SchedulerFactory>(isScheduler, schedulerExpected)),
    vaeTiling: z.optional(vaeTilingSchema(sizeMultiple)),
    onNonFinite: z._default(z.enum(['error', 'retryFloat32']), 'retryFloat32'),
    signal: z.optional(
      z.custom<AbortSignal>((value) => typeof (value as AbortSignal)?.aborted === 'boolean'),
    ),
  });
  type Parsed = Omit<ResolvedEndlessOptions, 'numInferenceSteps'> &
    Pick<EndlessOptions, 'numInferenceSteps' | 'partitions'>;
  const { partitions, ...parsed } = checkOptions<Parsed>(schema, options, 'endless');
  return { ...parsed, numInferenceSteps: stepsOf({ ...parsed, partitions }, defaults) };
}

function stepsOf(
  {
    numInferenceSteps: steps,
    partitions,
    windowLength,
  }: Pick<EndlessOptions, 'numInferenceSteps' | 'partitions'> & { windowLength: number },
  defaults: EndlessDefaults,
): number {
  if (partitions === undefined) {
    return steps ?? defaults.numInferenceSteps ?? Math.min(usualPartitions * windowLength, mostSteps);
  }
  const product = partitions * windowLength;
  if (product > mostSteps) {
    invalid(
      `partitions: ${partitions} of ${windowLength} frames are ${product} steps, more than ${mostSteps}`,
    );
  }
  if (steps !== undefined && steps !== product) {
    invalid(
      `numInferenceSteps: ${steps} is not partitions × windowLength, ${partitions} × ${windowLength}; give one of the two`,
    );
  }
  return product;
}
