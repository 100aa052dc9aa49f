import * as z from 'zod/mini';
import { type AdapterSchedule, scheduleSchema } from '../adapters/adapter-schedule.js';
import { checkOptions } from '../core/check-options.js';
import type { Float32Tensor } from '../core/tensor.js';
import type { Frame } from '../media/frame.js';
import { type FreeInitOptions, freeInitSchema } from '../noise/free-init-options.js';
import { type StartNoise, startNoiseSchema } from '../noise/start-noise-options.js';
import type { SchedulerFactory } from '../schedulers/presets.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import type { Emphasis } from '../text/emphasis.js';
import type { ContextOptions } from '../windows/context-options.js';
import { type ViewOptions, viewSchema } from '../windows/view-options.js';
import { type DeepCacheOptions, deepCacheSchema } from './deep-cache-options.js';
import { type FreeUOptions, freeUSchema } from './free-u-options.js';
import { checkTogether, longestSide } from './generate-checks.js';
import { type MotionAmount, motionAmountSchema } from './motion-amounts.js';
import { type NoiseInjection, noiseInjectionSchema } from './noise-injection.js';
import type { Preview } from './preview-options.js';
import type { LongPrompts, PromptSyntax } from './prompt-options.js';
import type { StartImage } from './start-image.js';
import type { PromptTravel, TravelPrompt } from './travel-options.js';
import type { OnNonFinite } from './unet-guard.js';
import { type VaeTiling, vaeTilingSchema } from './vae-tiling.js';

/**
 * How the two halves of classifier-free guidance are computed: in one run of twice the memory, one after the other,
 * or by size (`auto`: batched while the latents are small).
 */
export type GuidanceBatching = 'auto' | 'batched' | 'sequential';

/** Options of `generate` and `stream`. */
export interface GenerateOptions {
  /** What to show: a text, or texts by frame, between which the animation travels: `{ 0: 'spring', 16: 'autumn' }`. */
  prompt: TravelPrompt;
  /** What not to show, in the same forms. Default `''`. */
  negativePrompt?: TravelPrompt | undefined;
  /** What happens between prompts of different frames and around them. */
  travel?: PromptTravel | undefined;
  /** Whether `(word:1.3)`, `[word]` and `BREAK` mean something. Default `plain`: all is text. */
  promptSyntax?: PromptSyntax | undefined;
  /** What becomes of prompts of more than 75 tokens. Default `truncate`, with a warning that tells the words. */
  longPrompts?: LongPrompts | undefined;
  /** With `longPrompts: 'chunk'`, within how many tokens of a chunk's end it is cut after a comma instead. Default 20. */
  commaBacktrack?: number | undefined;
  /** With `promptSyntax: 'weighted'`, what weights do to embeddings. Default `original`. */
  emphasis?: Emphasis | undefined;
  /**
   * Frames of the animation. More than the motion module has positions (24 for v1, 32 for v2 and v3) are made in
   * overlapping windows, see `context`. Default 16; 1 without a module. A single frame is the image model alone: the module has no effect on it.
   */
  numFrames?: number | undefined;
  /** How frames are cut into windows. Default: not at all while the module takes them all at once. */
  context?: ContextOptions | undefined;
  /**
   * All frames, or those of a context window, go through the UNet at once, and only the motion module's attention sees
   * them through windows (Qiu et al. 2023). Steadier over long animations than `context`, for the memory of all frames.
   * `{}` is FreeNoise's 16 frames in steps of 4. Default: none.
   */
  viewWindows?: ViewOptions | undefined;
  /** Pixels, a multiple of 8. Default: what the model was trained on, 512 for Stable Diffusion 1.5. */
  width?: number | undefined;
  /** Pixels, a multiple of 8. Default: as `width`. */
  height?: number | undefined;
  /** Denoising steps. Default: those of a scheduler with timesteps of its own, else the motion module's preset, 25 for v1 to v3. */
  numInferenceSteps?: number | undefined;
  /**
   * The sampler of this generation, or a factory such as `euler` that makes it for the model's noise. Default: the
   * pipeline's.
   */
  scheduler?: Scheduler | SchedulerFactory | undefined;
  /** Strength of classifier-free guidance (Ho and Salimans 2022); 1 or less is none. Default: the preset, 7.5. */
  guidanceScale?: number | undefined;
  /** An integer from 0 to 2 ** 53 - 1; the same seed and options give the same frames. Default: a random one, told in the result. */
  seed?: number | undefined;
  /** Frames a second of the animation; not more than a note for encoders. Default 8. */
  fps?: number | undefined;
  /** How many of the text encoder's last layers to leave out; A1111's "Clip skip 2" is 1 here. Default 0. */
  clipSkip?: number | undefined;
  /** See {@link GuidanceBatching}. Default `auto`. */
  guidanceBatching?: GuidanceBatching | undefined;
  /** How `guidanceScale` changes over the steps: factors at shares of them, linear between. Default: it does not. */
  guidanceSchedule?: AdapterSchedule | undefined;
  /**
   * Shares of the steps from and up to which there is guidance (Kynkäänniemi et al. 2024); the steps outside run the UNet once
   * instead of twice. Default `[0, 1]`.
   */
  guidanceInterval?: readonly [start: number, end: number] | undefined;
  /**
   * Share, 0 to 1, in which guidance's contrast is brought back to that of the unguided prediction (Lin et al. 2023,
   * section 3.4); 0.7 helps against burnt colours. Default 0.
   */
  guidanceRescale?: number | undefined;
  /** Factor of what the motion module adds: a number, one a frame, or by block; 0 stands still. Default 1. */
  motionEffect?: MotionAmount | undefined;
  /** Factor of the temporal attention's keys: more makes livelier movement. Default 1. */
  motionScale?: MotionAmount | undefined;
  /** Share of the steps from which the motion module acts. Default 0. */
  motionStart?: number | undefined;
  /** Share of the steps up to which the motion module acts. Default 1. */
  motionEnd?: number | undefined;
  /** Pictures to begin from, one for each frame or one for all, of `width` × `height`. Default: pure noise. */
  video?: readonly Frame[] | undefined;
  /**
   * How far from `video` the result may go: 0 gives it back as the VAE sees it, 1 begins from pure noise. Only with
   * `video`. Default 0.8.
   */
  strength?: number | undefined;
  /**
   * A picture that the animation takes off from, or one to arrive at as well, of `width` × `height`: mixed into the
   * start noise, so that any model can do it. Not with `video`, `latents` or `freeInit`. Default: pure noise.
   */
  image?: Frame | StartImage | undefined;
  /** Fresh noise after some of the steps, for more detail and more change. Default: none. */
  noiseInjection?: NoiseInjection | undefined;
  /** Kind and layout of the start noise. Default: independent normals, drawn as torch draws them. */
  noise?: StartNoise | undefined;
  /**
   * FreeInit (Wu et al. 2023): the run is repeated from noise that keeps the slow movements of the result before it, for
   * steadier frames. Takes as many times longer as there are iterations. Default: off.
   */
  freeInit?: FreeInitOptions | boolean | undefined;
  /**
   * FreeU (Si et al. 2023): clearer shapes and fewer flaws by weighting what the UNet has worked out against what it
   * copies; `true` for the factors that are recommended. Switching it on or off loads the UNet again. Default: off.
   */
  freeU?: FreeUOptions | boolean | undefined;
  /**
   * DeepCache (Ma, Fang and Wang 2024): on most evaluations only the UNet's shallowest layers run, twice as fast and more, for
   * frames that differ a little; `true` for its defaults. Switching it on or off, or the branch, loads the UNet again.
   * Default: off.
   */
  deepCache?: DeepCacheOptions | boolean | undefined;
  /**
   * What happens when a UNet in float16 predicts NaN or infinity: `retryFloat32` loads it in float32, takes the step again
   * and goes on with that, with a warning; `error` ends with code `numerics`, as float32 always does. Default
   * `retryFloat32`.
   */
  onNonFinite?: OnNonFinite | undefined;
  /** Whether frames are decoded, and pictures encoded, in tiles: see {@link VaeTiling}. Default `auto`. */
  vaeTiling?: VaeTiling | undefined;
  /**
   * Gives a `checkpoint` event with all that is needed to go on, after every so many steps; with `deepCache`, after the next
   * step that is followed by a whole evaluation. Default: none.
   */
  checkpointEvery?: number | undefined;
  /** Whether `step-end` events carry pictures of what is coming, and how these are made: see {@link Preview}. Default `false`. */
  preview?: Preview | false | undefined;
  /** Every how many steps there is a preview; the last step has one in any case. Default 1. */
  previewEvery?: number | undefined;
  /** Start noise `[1, 4, frames, height/8, width/8]` from N(0, 1) to use instead of the seed's. */
  latents?: Float32Tensor | undefined;
  /** Cancels between two runs of a network; rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** What a model contributes to the defaults. */
export interface GenerateDefaults {
  readonly numFrames: number;
  readonly size: number;
  readonly sizeMultiple: number;
  readonly numInferenceSteps: number;
  readonly guidanceScale: number;
}

/** {@link GenerateOptions} with nothing left open but the seed and the start noise. */
export interface ResolvedGenerateOptions {
  readonly prompt: TravelPrompt;
  readonly negativePrompt: TravelPrompt;
  readonly travel?: PromptTravel | undefined;
  readonly promptSyntax: PromptSyntax;
  readonly longPrompts: LongPrompts;
  readonly commaBacktrack?: number | undefined;
  readonly emphasis: Emphasis;
  readonly numFrames: number;
  readonly context?: ContextOptions | undefined;
  readonly viewWindows?: ViewOptions | undefined;
  readonly width: number;
  readonly height: number;
  readonly numInferenceSteps: number;
  readonly guidanceScale: number;
  readonly seed?: number | undefined;
  readonly fps: number;
  readonly clipSkip: number;
  readonly guidanceBatching: GuidanceBatching;
  readonly guidanceSchedule?: AdapterSchedule | undefined;
  readonly guidanceInterval?: readonly [number, number] | undefined;
  readonly guidanceRescale: number;
  readonly motionEffect: MotionAmount;
  readonly motionScale: MotionAmount;
  readonly motionStart: number;
  readonly motionEnd: number;
  readonly video?: readonly Frame[] | undefined;
  readonly strength: number;
  readonly image?: Frame | StartImage | undefined;
  readonly noiseInjection?: NoiseInjection | undefined;
  readonly noise?: StartNoise | undefined;
  readonly freeInit?: FreeInitOptions | boolean | undefined;
  readonly freeU?: FreeUOptions | boolean | undefined;
  readonly deepCache?: DeepCacheOptions | boolean | undefined;
  readonly onNonFinite: OnNonFinite;
  readonly vaeTiling: VaeTiling;
  readonly checkpointEvery?: number | undefined;
  readonly preview?: Preview | false | undefined;
  readonly previewEvery?: number | undefined;
  readonly scheduler?: Scheduler | SchedulerFactory | undefined;
  readonly latents?: Float32Tensor | undefined;
  readonly signal?: AbortSignal | undefined;
}

const framesExpected = 'expected a list of frames, { width, height, data }, such as ImageData';
const imageExpected = 'expected a frame, { width, height, data }, or { first, last } with frames';
/** What {@link isScheduler} wants. */
export const schedulerExpected = 'expected a scheduler such as ddim(), or a factory such as ddim';

/** Whether an option may be a scheduler, or make one. */
export function isScheduler(value: unknown): boolean {
  return typeof value === 'function' || (value as Scheduler | undefined)?.contract === 'scheduler/1';
}

/** Checks options and fills in defaults. @throws `invalid-options` that lists everything that is wrong. */
export function resolveGenerateOptions(
  options: GenerateOptions,
  defaults: GenerateDefaults,
): ResolvedGenerateOptions {
  const side = z
    .int()
    .check(z.gte(defaults.sizeMultiple), z.lte(longestSide), z.multipleOf(defaults.sizeMultiple));
  const prompt = z.custom<TravelPrompt>(
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
    'expected text, or texts by frame',
  );
  const share = z.number().check(z.gte(0), z.lte(1));
  const tensor = z.custom<Float32Tensor>((value) => {
    const tensorLike = value as Partial<Float32Tensor> | undefined;
    return tensorLike?.type === 'float32' && tensorLike.data instanceof Float32Array;
  }, 'expected a float32 tensor: { type, shape, data }');
  const schema = z.strictObject({
    prompt,
    negativePrompt: z._default(prompt, ''),
    travel: z.optional(
      z.strictObject({
        interpolation: z.optional(z.enum(['linear', 'spherical'])),
        loop: z.optional(z.boolean()),
        prepend: z.optional(z.string()),
        append: z.optional(z.string()),
      }),
    ),
    promptSyntax: z._default(z.enum(['plain', 'weighted']), 'plain'),
    longPrompts: z._default(z.enum(['truncate', 'chunk']), 'truncate'),
    commaBacktrack: z.optional(z.int().check(z.gte(0), z.lte(74))),
    emphasis: z._default(z.enum(['original', 'noNorm', 'ignore']), 'original'),
    numFrames: z._default(z.int().check(z.gte(1)), defaults.numFrames),
    // Checked with the number of frames and the module's limit, by what knows them.
    context: z.optional(z.custom<ContextOptions>((value) => typeof value === 'object' && value !== null)),
    viewWindows: z.optional(viewSchema()),
    width: z._default(side, options?.height ?? defaults.size),
    height: z._default(side, options?.width ?? defaults.size),
    numInferenceSteps: z._default(z.int().check(z.gte(1), z.lte(1000)), defaults.numInferenceSteps),
    guidanceScale: z._default(z.number().check(z.gte(0), z.lte(100)), defaults.guidanceScale),
    seed: z.optional(z.int().check(z.gte(0))),
    fps: z._default(z.number().check(z.gt(0), z.lte(120)), 8),
    clipSkip: z._default(z.int().check(z.gte(0)), 0),
    guidanceBatching: z._default(z.enum(['auto', 'batched', 'sequential']), 'auto'),
    guidanceSchedule: z.optional(scheduleSchema()),
    guidanceInterval: z.optional(
      z
        .tuple([share, share])
        .check(z.refine(([start, end]) => start < end, 'expected a start below the end, such as [0.2, 0.8]')),
    ),
    guidanceRescale: z._default(share, 0),
    motionEffect: z._default(motionAmountSchema(), 1),
    motionScale: z._default(motionAmountSchema(), 1),
    motionStart: z._default(share, 0),
    motionEnd: z._default(share, 1),
    video: z.optional(
      z.custom<readonly Frame[]>((value) => Array.isArray(value) && value.length > 0, framesExpected),
    ),
    strength: z._default(share, options?.video === undefined ? 1 : 0.8),
    image: z.optional(
      z.custom<Frame | StartImage>((value) => typeof value === 'object' && value !== null, imageExpected),
    ),
    noiseInjection: z.optional(noiseInjectionSchema()),
    noise: z.optional(startNoiseSchema()),
    freeInit: z.optional(z.union([z.boolean(), freeInitSchema()])),
    freeU: z.optional(z.union([z.boolean(), freeUSchema()])),
    deepCache: z.optional(z.union([z.boolean(), deepCacheSchema()])),
    onNonFinite: z._default(z.enum(['error', 'retryFloat32']), 'retryFloat32'),
    vaeTiling: z._default(vaeTilingSchema(defaults.sizeMultiple), 'auto'),
    checkpointEvery: z.optional(z.int().check(z.gte(1))),
    preview: z.optional(z.union([z.literal(false), z.enum(['linear', 'vae'])])),
    previewEvery: z.optional(z.int().check(z.gte(1))),
    scheduler: z.optional(z.custom<Scheduler | SchedulerFactory>(isScheduler, schedulerExpected)),
    latents: z.optional(tensor),
    signal: z.optional(
      z.custom<AbortSignal>((value) => typeof (value as AbortSignal)?.aborted === 'boolean'),
    ),
  });
  const resolved = checkOptions<ResolvedGenerateOptions>(schema, options, 'generate');
  checkTogether(resolved, options);
  return resolved;
}
