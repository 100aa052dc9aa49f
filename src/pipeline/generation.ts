import type { TextualInversion } from '../adapters/textual-inversion.js';
import type { RandomSource } from '../core/random.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { randomSeed, torchRandom } from '../core/torch-random.js';
import type { Warning } from '../core/warnings.js';
import type { SamplingRun, Scheduler } from '../schedulers/scheduler.js';
import { pickFrames } from './clip-frames.js';
import { invalid } from './component-options.js';
import type { PipelineComponents } from './components.js';
import { decodeFrames } from './decode-frames.js';
import { denoise, type WindowPlan } from './denoise.js';
import { encodeVideo } from './encode-video.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import { copied, type GenerationState } from './generation-state.js';
import type { Conditioning } from './guidance.js';
import { entry } from './latents.js';
import type { Networks } from './networks.js';
import { promptTokens } from './prompt-tokens.js';
import { savedOptions } from './saved-options.js';
import { withProgress } from './with-progress.js';

/** What a generation works with. */
export interface GenerationParts {
  readonly components: PipelineComponents;
  readonly networks: Networks;
  readonly scheduler: Scheduler;
  /** Words of the prompts that stand for learned vectors. */
  readonly inversions: readonly TextualInversion[];
  readonly latentChannels: number;
  /** How a clip that is too long is cut. */
  readonly windows: WindowPlan | undefined;
  /** Warnings that are part of the result from the start. */
  readonly warnings: readonly Warning[];
}

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;

/** Where the steps begin. */
interface Start {
  readonly seed: number;
  /** `undefined` when there is nothing to denoise. */
  readonly run: SamplingRun | undefined;
  readonly first: number;
  readonly latents: Float32Tensor;
  readonly startNoise: Float32Tensor;
}

/**
 * One animation, as a generator that the caller drives: encode the prompts, denoise all frames together, decode them
 * one by one (Guo et al. 2023, section 4.4). Stopping early lets go of everything it held.
 * @param from A state to go on from, in place of a beginning.
 */
export async function* generation(
  parts: GenerationParts,
  options: ResolvedGenerateOptions,
  from?: GenerationState,
): Events<void> {
  const start = from ? resumed(parts, options, from) : yield* begun(parts, options);
  const { seed, run } = start;
  yield {
    type: 'generation-start',
    seed,
    numFrames: options.numFrames,
    width: options.width,
    height: options.height,
    scheduler: parts.scheduler.name,
    timesteps: run?.timesteps ?? [],
    latents: start.latents,
  };
  const warnings = [...parts.warnings, ...truncationWarnings(parts, options)];
  for (const warning of warnings) yield { type: 'warning', warning };
  const latents = run ? yield* denoised(parts, options, { ...start, run }) : start.latents;
  const frames = yield* decodeFrames(parts, latents, options.signal);
  yield { type: 'generation-end', animation: { frames, fps: options.fps, seed, latents, warnings } };
}

async function* denoised(
  parts: GenerationParts,
  options: ResolvedGenerateOptions,
  { seed, run, first, latents, startNoise }: Start & { readonly run: SamplingRun },
): Events<Float32Tensor> {
  const conditioning = yield* encodePrompts(parts, options);
  const { checkpointEvery } = options;
  const checkpoint = (step: number, after: Float32Tensor): PipelineEvent | undefined => {
    const due = checkpointEvery !== undefined && (step + 1) % checkpointEvery === 0;
    if (!due) return undefined;
    const state: GenerationState = {
      contract: 'generation-state/1',
      ...savedOptions(options),
      seed,
      scheduler: run.state(),
      latents: copied(after),
      iteration: 0,
      startNoise,
    };
    return { type: 'checkpoint', step, state };
  };
  return yield* denoise({
    unet: parts.components.unet,
    networks: parts.networks,
    windows: parts.windows,
    run,
    first,
    latents,
    conditioning,
    options,
    checkpoint,
  });
}

/** Noise, or pictures with noise on them. */
async function* begun(parts: GenerationParts, options: ResolvedGenerateOptions): Events<Start> {
  const { scheduler } = parts;
  const { numInferenceSteps: steps, numFrames, video, strength, signal } = options;
  const seed = options.seed ?? randomSeed();
  const random = torchRandom(seed);
  const noise = startNoise(parts, options, random);
  // At strength 1 nothing of the pictures is left: not even their mean, which the noisiest level still shows.
  const given = video !== undefined && strength < 1 ? yield* encodeVideo(parts, video, signal) : undefined;
  const clip =
    given && given.shape[2] !== numFrames
      ? pickFrames(
          given,
          Array.from({ length: numFrames }, () => 0),
        )
      : given;
  if (clip && Math.trunc(steps * strength) === 0) {
    return { seed, run: undefined, first: 0, latents: clip, startNoise: noise };
  }
  const run = scheduler.start({ steps, strength, random });
  const data = clip
    ? run.addNoise(clip.data, noise.data, 0)
    : noise.data.map((value) => value * run.initialSigma);
  return { seed, run, first: 0, latents: float32Tensor(data, noise.shape), startNoise: noise };
}

function resumed(
  { scheduler }: GenerationParts,
  options: ResolvedGenerateOptions,
  state: GenerationState,
): Start {
  const { numInferenceSteps: steps, strength } = options;
  const run = scheduler.resume({ steps, strength }, state.scheduler);
  const { seed, latents, startNoise: noise } = state;
  return { seed, run, first: state.scheduler.index, latents: copied(latents), startNoise: noise };
}

function startNoise(
  { components, latentChannels }: GenerationParts,
  { numFrames, width, height, latents }: ResolvedGenerateOptions,
  random: RandomSource,
): Float32Tensor {
  const scale = components.vae.latentScale;
  const shape = [1, latentChannels, numFrames, height / scale, width / scale];
  if (latents !== undefined && latents.shape.join() !== shape.join()) {
    invalid(
      `latents: expected shape [${shape.join(', ')}] for these options, got [${latents.shape.join(', ')}]`,
    );
  }
  return latents ?? float32Tensor(random.normal(shape.reduce((a, b) => a * b)), shape);
}

function truncationWarnings(
  { components, inversions }: GenerationParts,
  options: ResolvedGenerateOptions,
): Warning[] {
  const { tokenizer } = components;
  return (['prompt', 'negativePrompt'] as const).flatMap((name) => {
    const { truncated } = promptTokens(tokenizer, inversions, options[name]);
    if (truncated === '') return [];
    const message = `${name}: only ${tokenizer.maxLength - 2} tokens fit; ignored: '${truncated}'`;
    return [{ code: 'prompt-truncated', message }];
  });
}

async function* encodePrompts(
  { components }: GenerationParts,
  { prompt, negativePrompt, guidanceScale, clipSkip, signal }: ResolvedGenerateOptions,
): Events<Conditioning> {
  const guided = guidanceScale > 1;
  const prompts = guided ? [negativePrompt, prompt] : [prompt];
  const context = yield* withProgress((onProgress) =>
    components.textEncoder.encode(prompts, { clipSkip, signal, onProgress }),
  );
  if (!guided) return { positive: context, negative: undefined };
  return { positive: entry(context, 1), negative: entry(context, 0) };
}
