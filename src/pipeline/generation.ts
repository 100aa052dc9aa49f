import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { freeInitNoise } from '../noise/free-init.js';
import type { SamplingRun } from '../schedulers/scheduler.js';
import { decodeFrames } from './decode-frames.js';
import { isSavedAfter, resolveDeepCache } from './deep-cache-options.js';
import { denoise } from './denoise.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import type { GenerationParts } from './generation-parts.js';
import {
  begun,
  freeInitIterations,
  freeInitOptions,
  resumed,
  type Start,
  stepsOf,
} from './generation-start.js';
import { copied, type GenerationState } from './generation-state.js';
import type { Conditioning } from './guidance.js';
import { conditioningOfPrompts, encodePrompts, type PromptPlan, promptPlan } from './prompt-plan.js';
import { savedOptions } from './saved-options.js';
import type { UnetGuard } from './unet-guard.js';

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;

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
  parts.guard.precision = from?.precision;
  const prompts = promptPlan(parts, options);
  yield* announced(parts, options, prompts, start);
  const encoded = start.run && (yield* encodePrompts(parts, prompts, options));
  const latents = yield* denoised(
    parts,
    options,
    start,
    encoded && conditioningOfPrompts(encoded, prompts, options),
  );
  yield* finished(parts, options, prompts, { seed: start.seed, latents });
}

/** What is known before the first step. */
export function* announced(
  { scheduler, warnings }: Pick<GenerationParts, 'scheduler' | 'warnings'>,
  { numFrames, width, height }: Pick<ResolvedGenerateOptions, 'numFrames' | 'width' | 'height'>,
  prompts: Pick<PromptPlan, 'warnings'>,
  {
    seed,
    run,
    latents,
  }: Pick<Start, 'seed' | 'latents'> & {
    readonly run: Pick<SamplingRun, 'timesteps'> | undefined;
  },
): Generator<PipelineEvent, void, undefined> {
  yield {
    type: 'generation-start',
    seed,
    numFrames,
    width,
    height,
    scheduler: scheduler.name,
    timesteps: run?.timesteps ?? [],
    latents,
  };
  for (const warning of [...warnings, ...prompts.warnings]) yield { type: 'warning', warning };
}

/** Latents to pictures, and the end. */
export async function* finished(
  parts: GenerationParts,
  { fps, signal, vaeTiling, preview }: ResolvedGenerateOptions,
  prompts: PromptPlan,
  { seed, latents }: Pick<Start, 'seed' | 'latents'>,
): Events<void> {
  const frames = yield* decodeFrames(parts, latents, { signal, vaeTiling });
  if (preview === 'linear' && parts.networks.residency === 'one') {
    // Under this residency there was no decoder to learn from before.
    const { learnColors } = await import('./preview.js');
    learnColors(parts, latents, frames);
  }
  const warnings = [...parts.warnings, ...prompts.warnings, ...parts.guard.warnings];
  yield { type: 'generation-end', animation: { frames, fps, seed, latents, warnings } };
}

/**
 * All steps, and with FreeInit all of them again and again.
 * @param conditioning `undefined` when there is nothing to denoise: the latents are those of the start.
 */
export async function* denoised(
  parts: GenerationParts,
  options: ResolvedGenerateOptions,
  start: Start,
  conditioning: Conditioning | undefined,
): Events<Float32Tensor> {
  if (start.run === undefined || conditioning === undefined) return start.latents;
  const iterations = freeInitIterations(options);
  const { startNoise, random } = start;
  const { previews } = options.preview ? await import('./preview.js') : { previews: undefined };
  let run: SamplingRun = start.run;
  let { first, latents } = start;
  for (let iteration = start.iteration; ; iteration++) {
    latents = yield* denoise({
      unet: parts.components.unet,
      networks: parts.networks,
      windows: parts.windows,
      guard: parts.guard,
      previews: previews?.(parts, options, run.timesteps.length),
      run,
      first,
      latents,
      conditioning,
      options: { ...options, numInferenceSteps: stepsOf(options, iteration) },
      checkpoint: checkpoints(options, parts.guard, { ...start, run, iteration }),
    });
    if (iteration + 1 >= iterations) return latents;
    const noise = await freeInitNoise({
      previous: latents.data,
      startNoise: startNoise.data,
      fresh: random.normal(startNoise.data.length),
      finalAlpha: parts.finalAlpha,
      shape: startNoise.shape,
      options: freeInitOptions(options),
      signal: options.signal,
    });
    run = parts.scheduler.start({ steps: stepsOf(options, iteration + 1), strength: 1, random });
    const { initialSigma } = run;
    latents = float32Tensor(
      noise.map((value) => value * initialSigma),
      startNoise.shape,
    );
    first = 0;
  }
}

function checkpoints(
  options: ResolvedGenerateOptions,
  guard: UnetGuard,
  {
    seed,
    run,
    iteration,
    startNoise,
  }: Pick<Start, 'seed' | 'iteration' | 'startNoise'> & { run: SamplingRun },
): (step: number, latents: Float32Tensor) => PipelineEvent | undefined {
  const { checkpointEvery: every } = options;
  const cache = resolveDeepCache(options.deepCache);
  const count = run.timesteps.length;
  return (step, latents) => {
    if (every === undefined || !isSavedAfter(cache, { index: step, count, every })) return undefined;
    const state: GenerationState = {
      contract: 'generation-state/1',
      ...savedOptions(options),
      seed,
      scheduler: run.state(),
      latents: copied(latents),
      iteration,
      startNoise,
      ...(guard.precision && { precision: guard.precision }),
    };
    return { type: 'checkpoint', step, state };
  };
}
