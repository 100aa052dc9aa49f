import { AnimateDiffError } from '../core/errors.js';
import type { ModelSource } from '../core/source.js';
import { combinedWeights } from '../models/combined-weights.js';
import type { LiveWeights } from '../models/live-weights.js';
import type { FrameLayer } from '../models/unet-layers.js';
import type { WeightSource } from '../models/weight-source.js';
import { loadParts, type PipelineParts } from '../pipeline/load-parts.js';
import { type NoiseOptions, noiseShape, trainingNoise } from '../schedulers/noise-options.js';
import { resolveOptions } from '../schedulers/option-shape.js';
import { checkClips } from './clip.js';
import { encodeClips } from './encode-clips.js';
import { runTraining } from './run-training.js';
import { type BatchSource, batchFeeds, batchSizes } from './training-batch.js';
import type { ClipTrainingOptions, ResolvedTraining } from './training-options.js';
import { learnedValue, restoreState, startState, type TrainingState } from './training-state.js';
import { buildTrainingUnet, type TrainingUnetRequest } from './training-unet.js';

/** What a run has made. */
export interface TrainingResult {
  /** What was learned, as a safetensors file under the original names. */
  readonly file: Uint8Array;
  /** Loss of every step. */
  readonly losses: readonly number[];
  /** Length of the gradient at every step, before it was shortened. */
  readonly gradientNorms: readonly number[];
}

/** A tensor that a run begins with. */
export interface StartValue {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What is trained in a UNet. */
export interface TrainedPart {
  /** Start values by the name of the network's input: weights that each run is fed, or matrices of `live`. */
  readonly start: ReadonlyMap<string, StartValue>;
  /** Weights that matrices are added to; none when whole weights are trained. */
  readonly live?: LiveWeights | undefined;
  /** Sizes of inputs besides those of the batch. */
  readonly sizes?: ReadonlyMap<string, number> | undefined;
  /** Writes the file from values by input. */
  file(valuesOf: (name: string) => StartValue): Uint8Array;
}

/** What a trainer brings along. */
export interface UnetTraining {
  /** For errors and checkpoints: `trainMotionLora`. */
  readonly what: string;
  readonly options: ResolvedTraining<ClipTrainingOptions>;
  /** The module in place; none for training on single frames. */
  readonly motionModule: ModelSource | undefined;
  /** What stands in the module's places instead, with its weights. Default: nothing. */
  readonly frames?: { readonly layer: FrameLayer; readonly weights: WeightSource } | undefined;
  /** Other options that decide the run. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Chooses what is trained, when the model is open. */
  part(model: PipelineParts['model']): Promise<TrainedPart>;
}

/** Loads the model, encodes the clips and captions, trains, and writes the file. */
export async function trainUnet(training: UnetTraining): Promise<TrainingResult> {
  const { options, motionModule, what } = training;
  const { backend, checkpoint, vae, adapters, signal } = options;
  const parts = await loadParts({
    backend,
    checkpoint,
    motionModule,
    vae,
    adapters,
    residency: 'one',
    signal,
  });
  const { model } = parts;
  try {
    const most = model.motion?.config.maxFrames;
    if (most !== undefined && options.numFrames > most) {
      invalid(`${what}: numFrames: the motion module has ${most} positions, got ${options.numFrames}`);
    }
    const { latentScale } = parts.components.vae;
    checkClips(options.clips, latentScale, (options.numFrames - 1) * options.frameStride + 1);
    const source = await batchSource(training, parts);
    // The networks of pictures and prompts are not needed any more.
    await parts.networks.dispose();
    const part = await training.part(model);
    const settings = settingsText(training, await model.unet.weights.identity({ signal }));
    const state = startState(part.start, options.averageDecay !== undefined);
    if (options.resume) await restoreState(state, options.resume, settings);
    const valuesOf = (name: string): StartValue => learnedValue(state.parameters.get(name)!);
    const artifact = await buildTrainingUnet({ ...networkOf(training, parts, part, source), signal });
    await runTraining({
      backends: [backend, ...options.moreBackends],
      artifact,
      state,
      settings,
      feeds: (batch) => batchFeeds(source, batch),
      file: () => part.file(valuesOf),
      accumulate: options.accumulate,
      optimizer: options,
      rate: options,
      maxGradientNorm: options.maxGradientNorm,
      averageDecay: options.averageDecay,
      checkpointEvery: options.checkpointEvery,
      sampleEvery: options.sampleEvery,
      stop: options.stop,
      onEvent: options.onEvent,
      signal,
    });
    return resultOf(state, part.file(valuesOf));
  } finally {
    await parts.networks.dispose();
    await Promise.all([model.close(), parts.active.close()]);
  }
}

function resultOf({ losses, gradientNorms }: TrainingState, file: Uint8Array): TrainingResult {
  return { file, losses, gradientNorms };
}

function networkOf(
  { what, options, frames }: UnetTraining,
  { model, active, info }: PipelineParts,
  { start, live, sizes = new Map() }: TrainedPart,
  source: BatchSource,
): TrainingUnetRequest {
  const { replaced, live: liveAdapters } = active.changes('unet');
  if (liveAdapters.size > 0) invalid(`${what}: adapters: those in place while training must be fused`);
  const fed = live ? undefined : new Set(start.keys());
  const changed = [...(replaced?.names ?? []), ...(replaced?.products.keys() ?? [])].find((name) =>
    fed?.has(name),
  );
  if (changed !== undefined) invalid(`${what}: adapters: one changes '${changed}', which is trained itself`);
  const groupNorm = info.motionModule?.groupNorm ?? 'original';
  return {
    ...model.unet,
    ...(frames && {
      frameLayer: frames.layer,
      weights: combinedWeights([model.unet.weights, frames.weights]),
    }),
    motion: model.motion && { config: model.motion.config, version: model.motion.module.version, groupNorm },
    replaced,
    fed,
    live,
    trained: [...start.keys()],
    recompute: options.recompute,
    sizes: new Map([...batchSizes(source), ...sizes]),
  };
}

async function batchSource({ options }: UnetTraining, parts: PipelineParts): Promise<BatchSource> {
  const { model, components } = parts;
  const { clips, signal, onEvent } = options;
  const captions = ['', ...new Set(clips.map(({ caption }) => caption).filter((caption) => caption !== ''))];
  const contexts = await components.textEncoder.encode(captions, { signal });
  // Loaded once, not once a frame.
  const letGo = parts.networks.keep('vae_encoder');
  const latents = await encodeClips(clips, {
    vae: components.vae,
    identity: await model.vae.weights.identity({ signal }),
    cache: options.latentCache,
    signal,
    onClip: async (index, cached) => {
      const clip = clips[index]!.name;
      await onEvent?.({ type: 'clip-encoded', clip, done: index + 1, total: clips.length, cached });
    },
  }).finally(letGo);
  const given: NoiseOptions = { betaSchedule: options.betaSchedule };
  const { alphas } = trainingNoise(resolveOptions(noiseShape(), given, 'noise'), given, 'noise');
  return {
    config: model.unet.config,
    clips: latents.map((each, index) => ({
      latents: each,
      context: captions.indexOf(clips[index]!.caption),
    })),
    contexts,
    alphas,
    motion: model.motion !== undefined,
    prediction: options.prediction,
    minSnrGamma: options.minSnrGamma,
    promptDropout: options.promptDropout,
    batchSize: options.batchSize,
    numFrames: options.numFrames,
    frameStride: options.frameStride,
    seed: options.seed,
  };
}

/** Everything that decides what a step does, as text. */
function settingsText({ what, options, settings }: UnetTraining, weights: string | undefined): string {
  const { batchSize, accumulate, learningRate, schedule, warmupSteps, weightDecay, betas, epsilon } = options;
  const { maxGradientNorm, averageDecay, promptDropout, minSnrGamma, prediction, betaSchedule } = options;
  const { seed, recompute, steps, numFrames, frameStride } = options;
  return JSON.stringify({
    what,
    weights,
    clips: options.clips.map(({ name, caption, frames }) => `${name} (${frames.length}): ${caption}`),
    ...{ steps, batchSize, accumulate, learningRate, schedule, warmupSteps, weightDecay, betas, epsilon },
    ...{
      maxGradientNorm,
      averageDecay,
      promptDropout,
      minSnrGamma,
      prediction,
      betaSchedule,
      seed,
      recompute,
    },
    ...{ numFrames, frameStride, ...settings },
  });
}

function invalid(message: string): never {
  throw new AnimateDiffError('invalid-options', message);
}
