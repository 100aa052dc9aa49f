import type { TextualInversion } from '../adapters/textual-inversion.js';
import { AnimateDiffError } from '../core/errors.js';
import { firstNonFinite } from '../core/finite.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { timeLeft } from '../core/time-left.js';
import { randomSeed, torchRandom } from '../core/torch-random.js';
import type { Warning } from '../core/warnings.js';
import type { Frame } from '../media/frame.js';
import type { SamplingRun, Scheduler } from '../schedulers/scheduler.js';
import { invalid } from './component-options.js';
import type { PipelineComponents } from './components.js';
import type { PipelineEvent } from './events.js';
import { frameOfPixels, imagePixels } from './frame-image.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import { guidedPrediction } from './guidance.js';
import { latentFrame } from './latents.js';
import type { Networks } from './networks.js';
import { promptTokens } from './prompt-tokens.js';
import { withProgress } from './with-progress.js';

/** What a generation works with. */
export interface GenerationParts {
  readonly components: PipelineComponents;
  readonly networks: Networks;
  readonly scheduler: Scheduler;
  /** Words of the prompts that stand for learned vectors. */
  readonly inversions: readonly TextualInversion[];
  readonly latentChannels: number;
  /** Warnings that are part of the result from the start. */
  readonly warnings: readonly Warning[];
}

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;

/**
 * One animation, as a generator that the caller drives: encode the prompts, denoise all frames together, decode them
 * one by one (Guo et al. 2023, section 4.4). Stopping early lets go of everything it held.
 */
export async function* generation(parts: GenerationParts, options: ResolvedGenerateOptions): Events<void> {
  const seed = options.seed ?? randomSeed();
  const random = torchRandom(seed);
  const start = startNoise(parts, options, (count) => random.normal(count));
  const run = parts.scheduler.start({ steps: options.numInferenceSteps, strength: 1, random });
  const noise = float32Tensor(
    start.data.map((value) => value * run.initialSigma),
    start.shape,
  );
  yield {
    type: 'generation-start',
    seed,
    numFrames: options.numFrames,
    width: options.width,
    height: options.height,
    scheduler: parts.scheduler.name,
    timesteps: run.timesteps,
    latents: noise,
  };
  const warnings = [...parts.warnings, ...truncationWarnings(parts, options)];
  for (const warning of warnings) yield { type: 'warning', warning };
  const context = yield* encodePrompts(parts, options);
  const latents = yield* denoise(parts, options, run, noise, context);
  const frames = yield* decodeFrames(parts, options, latents);
  yield { type: 'generation-end', animation: { frames, fps: options.fps, seed, latents, warnings } };
}

function startNoise(
  { components, latentChannels }: GenerationParts,
  { numFrames, width, height, latents }: ResolvedGenerateOptions,
  draw: (count: number) => Float32Array,
): Float32Tensor {
  const scale = components.vae.latentScale;
  const shape = [1, latentChannels, numFrames, height / scale, width / scale];
  if (latents !== undefined && latents.shape.join() !== shape.join()) {
    invalid(
      `latents: expected shape [${shape.join(', ')}] for these options, got [${latents.shape.join(', ')}]`,
    );
  }
  return latents ?? float32Tensor(draw(shape.reduce((a, b) => a * b)), shape);
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

function encodePrompts(
  { components }: GenerationParts,
  { prompt, negativePrompt, guidanceScale, clipSkip, signal }: ResolvedGenerateOptions,
): Events<Float32Tensor> {
  const prompts = guidanceScale > 1 ? [negativePrompt, prompt] : [prompt];
  return withProgress((onProgress) =>
    components.textEncoder.encode(prompts, { clipSkip, signal, onProgress }),
  );
}

async function* denoise(
  { components, networks }: GenerationParts,
  { guidanceScale, guidanceBatching, signal }: ResolvedGenerateOptions,
  run: SamplingRun,
  noise: Float32Tensor,
  context: Float32Tensor,
): Events<Float32Tensor> {
  const { done } = yield* withProgress((onProgress) => networks.hold('unet', { signal, onProgress }));
  try {
    const predict = guidedPrediction(components.unet, context, guidanceScale, guidanceBatching);
    const clock = timeLeft(run.timesteps.length);
    let latents = noise;
    for (const [step, timestep] of run.timesteps.entries()) {
      signal?.throwIfAborted();
      const input = float32Tensor(run.scaleInput(latents.data, step), latents.shape);
      const progress = step / run.timesteps.length;
      const output = await predict(input, { timestep, progress }, { signal });
      checkFinite(output, step, timestep);
      const { sample, denoised } = run.step(output, latents.data, step);
      latents = float32Tensor(sample, latents.shape);
      yield {
        type: 'step-end',
        step,
        steps: run.timesteps.length,
        timestep,
        latents,
        denoised: float32Tensor(denoised, latents.shape),
        secondsLeft: clock.stepDone(),
      };
    }
    return latents;
  } finally {
    await done();
  }
}

async function* decodeFrames(
  { components, networks }: GenerationParts,
  { numFrames, signal }: ResolvedGenerateOptions,
  latents: Float32Tensor,
): Events<Frame[]> {
  const { done } = yield* withProgress((onProgress) => networks.hold('vae_decoder', { signal, onProgress }));
  try {
    const clock = timeLeft(numFrames);
    const frames: Frame[] = [];
    for (let frame = 0; frame < numFrames; frame++) {
      signal?.throwIfAborted();
      const scaled = latentFrame(latents, frame, 1 / components.vae.scalingFactor);
      const pixels = imagePixels(await components.vae.decode(scaled, { signal }));
      const image = frameOfPixels(pixels);
      frames.push(image);
      yield { type: 'frame-decoded', frame, frames: numFrames, image, pixels, secondsLeft: clock.stepDone() };
    }
    return frames;
  } finally {
    await done();
  }
}

function checkFinite(output: Float32Array, step: number, timestep: number): void {
  const bad = firstNonFinite(output);
  if (bad < 0) return;
  throw new AnimateDiffError(
    'numerics',
    `the UNet predicted ${output[bad]} at step ${step} (timestep ${timestep}); a weight or the prompt's embedding is out of range for this model`,
    { details: { step, timestep, element: bad } },
  );
}
