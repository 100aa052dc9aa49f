import { type Float32Tensor, float32Tensor, type Tensor } from '../core/tensor.js';
import { timestepWaves } from '../models/nn/time-embedding.js';
import type { UnetConfig } from '../models/unet-config.js';
import { motionFeeds } from '../pipeline/motion-amounts.js';
import { lossWeight, noisedLatents, type TrainedPrediction } from './noise-objective.js';
import { shuffledOrder, type TrainingRandom, trainingRandom } from './training-random.js';

/** A clip as the UNet sees it. */
export interface LatentClip {
  /** Latents `[4, frames, height, width]`. */
  readonly latents: Float32Tensor;
  /** Which of the contexts describes it. */
  readonly context: number;
}

/** What batches are made of. */
export interface BatchSource {
  readonly config: UnetConfig;
  readonly clips: readonly LatentClip[];
  /** Embeddings `[captions, tokens, width]`; the first is the empty prompt's. */
  readonly contexts: Float32Tensor;
  /** ᾱ by timestep. */
  readonly alphas: Float32Array;
  readonly prediction: TrainedPrediction;
  readonly minSnrGamma: number | undefined;
  readonly promptDropout: number;
  readonly batchSize: number;
  readonly numFrames: number;
  readonly frameStride: number;
  readonly seed: number;
  /** Whether the network has motion modules. */
  readonly motion: boolean;
}

/** Sizes of every batch, by the names that the network has for them. */
export function batchSizes({
  clips,
  contexts,
  batchSize,
  numFrames,
}: BatchSource): ReadonlyMap<string, number> {
  const [, , height = 0, width = 0] = clips[0]!.latents.shape;
  return new Map(
    Object.entries({
      batch: batchSize,
      frames: numFrames,
      height,
      width,
      times: batchSize * numFrames,
      contexts: batchSize,
      tokens: contexts.shape[1]!,
    }),
  );
}

/**
 * The inputs of a run, besides the trained ones: clips in an order of their own for each epoch, from random first frames,
 * at random timesteps.
 * @param index Of the batch in the whole run: it decides all that is random.
 */
export function batchFeeds(source: BatchSource, index: number): Record<string, Tensor> {
  const { config, clips, contexts, batchSize: batch, numFrames: frames, seed } = source;
  const [channels = 0, , height = 0, width = 0] = clips[0]!.latents.shape;
  const each = channels * frames * height * width;
  const shape = [batch, channels, frames, height, width];
  const [sample, target] = [new Float32Array(batch * each), new Float32Array(batch * each)];
  const waveCount = config.blockOutChannels[0]!;
  const time = new Float32Array(batch * frames * waveCount);
  const [, tokens = 0, dim = 0] = contexts.shape;
  const context = new Float32Array(batch * tokens * dim);
  const weights = new Float32Array(batch);
  for (let place = 0; place < batch; place++) {
    const number = index * batch + place;
    const random = trainingRandom(seed, 'example', number);
    const epoch = Math.floor(number / clips.length);
    const clip = clips[shuffledOrder(seed, epoch, clips.length)[number % clips.length]!]!;
    const timestep = random.below(source.alphas.length);
    const dropped = random.uniform() < source.promptDropout;
    const clean = framesOf(clip.latents, source, random);
    const alpha = source.alphas[timestep]!;
    const noised = noisedLatents(source.prediction, alpha, clean, random.normal(each));
    sample.set(noised.sample, place * each);
    target.set(noised.target, place * each);
    weights[place] = lossWeight(source.prediction, alpha, source.minSnrGamma);
    const waves = timestepWaves(timestep, { ...config, size: waveCount });
    for (let frame = 0; frame < frames; frame++) time.set(waves, (place * frames + frame) * waveCount);
    const row = dropped ? 0 : clip.context;
    context.set(contexts.data.subarray(row * tokens * dim, (row + 1) * tokens * dim), place * tokens * dim);
  }
  return {
    sample: float32Tensor(sample, shape),
    target: float32Tensor(target, shape),
    loss_weight: float32Tensor(weights, [batch]),
    time: float32Tensor(time, [batch * frames, waveCount]),
    context: float32Tensor(context, [batch, tokens, dim]),
    ...(source.motion ? motionFeeds(config, { batch, frames }, 1, 1) : {}),
  };
}

/** As many frames of a clip as are seen at once, from a random one on. */
function framesOf(
  { data, shape }: Float32Tensor,
  { numFrames, frameStride }: BatchSource,
  random: TrainingRandom,
): Float32Array {
  const [channels = 0, total = 0, height = 0, width = 0] = shape;
  const span = (numFrames - 1) * frameStride + 1;
  const first = random.below(total - span + 1);
  const plane = height * width;
  const taken = new Float32Array(channels * numFrames * plane);
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0; frame < numFrames; frame++) {
      const from = (channel * total + first + frame * frameStride) * plane;
      taken.set(data.subarray(from, from + plane), (channel * numFrames + frame) * plane);
    }
  }
  return taken;
}
