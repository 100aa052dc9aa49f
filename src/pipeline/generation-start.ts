import type { RandomSource } from '../core/random.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { randomSeed, restoreTorchRandom, torchRandom } from '../core/torch-random.js';
import { freeInitSteps } from '../noise/free-init.js';
import { type FreeInitOptions, resolveFreeInit } from '../noise/free-init-options.js';
import { startNoise } from '../noise/start-noise.js';
import type { SamplingRun } from '../schedulers/scheduler.js';
import { takeFrames } from '../windows/window-frames.js';
import { invalid } from './component-options.js';
import { encodeVideo } from './encode-video.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import type { GenerationParts } from './generation-parts.js';
import { copied, type GenerationState } from './generation-state.js';
import { noiseWithImage } from './start-image.js';

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;

/** Where the steps begin. */
export interface Start {
  readonly seed: number;
  /** `undefined` when there is nothing to denoise. */
  readonly run: SamplingRun | undefined;
  readonly first: number;
  readonly iteration: number;
  readonly latents: Float32Tensor;
  readonly startNoise: Float32Tensor;
  readonly random: RandomSource;
}

/** Noise, or pictures with noise on them. */
export async function* begun(parts: GenerationParts, options: ResolvedGenerateOptions): Events<Start> {
  const { scheduler } = parts;
  const { numInferenceSteps: steps, numFrames, video, image, strength } = options;
  const seed = options.seed ?? randomSeed();
  const random = torchRandom(seed);
  const noise = noiseOf(parts, options, seed, random);
  // At strength 1 nothing of the pictures is left: not even their mean, which the noisiest level still shows.
  const given = video !== undefined && strength < 1 ? yield* encodeVideo(parts, video, options) : undefined;
  const clip =
    given && given.shape[2] !== numFrames
      ? takeFrames(
          given,
          Array.from({ length: numFrames }, () => 0),
        )
      : given;
  if (clip && Math.trunc(steps * strength) === 0) {
    return { seed, run: undefined, first: 0, iteration: 0, latents: clip, startNoise: noise, random };
  }
  const run = scheduler.start({ steps: stepsOf(options, 0), strength, random });
  const start = image === undefined ? noise : yield* noiseWithImage(parts, image, noise, options);
  const data = clip
    ? run.addNoise(clip.data, noise.data, 0)
    : start.data.map((value) => value * run.initialSigma);
  const latents = float32Tensor(data, noise.shape);
  return { seed, run, first: 0, iteration: 0, latents, startNoise: noise, random };
}

/** Where a saved generation stands. */
export function resumed(
  parts: GenerationParts,
  options: ResolvedGenerateOptions,
  state: GenerationState,
): Start {
  const { scheduler } = parts;
  const { seed, latents, startNoise, iteration } = state;
  const shape = latentShape(parts, options).join(', ');
  for (const [name, tensor] of Object.entries({ latents, startNoise })) {
    if (tensor.shape.join(', ') !== shape) {
      invalid(`resume: ${name} are [${tensor.shape.join(', ')}], but these options need [${shape}]`);
    }
  }
  const iterations = freeInitIterations(options);
  if (iteration >= iterations) {
    invalid(`resume: iteration ${iteration} of ${iterations} does not exist`);
  }
  // The run's noise and that of further iterations are one stream.
  let random: RandomSource = torchRandom(seed);
  const run = scheduler.resume(
    {
      steps: stepsOf(options, iteration),
      strength: options.strength,
      restoreRandom: (stored) => {
        random = restoreTorchRandom(stored);
        return random;
      },
    },
    state.scheduler,
  );
  return { seed, run, first: state.scheduler.index, iteration, latents: copied(latents), startNoise, random };
}

function latentShape(
  { components, latentChannels }: GenerationParts,
  { numFrames, width, height }: ResolvedGenerateOptions,
): number[] {
  const scale = components.vae.latentScale;
  return [1, latentChannels, numFrames, height / scale, width / scale];
}

function noiseOf(
  parts: GenerationParts,
  options: ResolvedGenerateOptions,
  seed: number,
  random: RandomSource,
): Float32Tensor {
  const { latents, noise } = options;
  const shape = latentShape(parts, options);
  if (latents !== undefined && latents.shape.join() !== shape.join()) {
    invalid(
      `latents: expected shape [${shape.join(', ')}] for these options, got [${latents.shape.join(', ')}]`,
    );
  }
  return latents ?? float32Tensor(startNoise(noise, { seed, shape, random }), shape);
}

/** FreeInit's options, if any were given. */
export function freeInitOptions({ freeInit }: ResolvedGenerateOptions): FreeInitOptions | undefined {
  return typeof freeInit === 'object' ? freeInit : undefined;
}

/** The steps of one FreeInit iteration; of the only one without FreeInit. */
export function stepsOf(options: ResolvedGenerateOptions, iteration: number): number {
  const { numInferenceSteps: steps, freeInit } = options;
  return freeInit ? freeInitSteps(steps, iteration, freeInitOptions(options)) : steps;
}

/** How often FreeInit runs through the steps; once without it. */
export function freeInitIterations(options: ResolvedGenerateOptions): number {
  return options.freeInit ? resolveFreeInit(freeInitOptions(options)).iterations : 1;
}
