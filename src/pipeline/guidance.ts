import type { Float32Tensor } from '../core/tensor.js';
import type { DeepFeatures, GuidanceHalf } from './deep-cache.js';
import type { GuidanceBatching } from './generate-options.js';
import { copied } from './generation-state.js';
import { entry } from './latents.js';
import { joinRows, pickRows } from './tensor-rows.js';
import type { PredictOptions, Unet, UnetInput } from './unet.js';

/** Latent elements of one clip up to which both halves run at once: 16 frames of 256×256. */
const batchedElements = 4 * 16 * 32 * 32;

/** What the network attends to: one embedding for the whole clip `[1, tokens, width]`, or one a frame. */
export interface Conditioning {
  readonly positive: Float32Tensor;
  /** `undefined` without guidance. Of the same tokens and width as `positive`. */
  readonly negative: Float32Tensor | undefined;
}

/** The conditioning of some frames. */
export function conditioningOf(
  { positive, negative }: Conditioning,
  frames: readonly number[],
): Conditioning {
  const pick = (context: Float32Tensor): Float32Tensor =>
    context.shape[0] === 1 ? context : pickRows(context, frames);
  return { positive: pick(positive), negative: negative && pick(negative) };
}

/** What a prediction is asked for: everything but the context. */
export interface GuidedInput extends Omit<UnetInput, 'context' | 'deepFeatures'> {
  /** The deep features of each half, or of both at once. Default: none. */
  readonly deepFeatures?: ((half: GuidanceHalf) => DeepFeatures) | undefined;
}

/** How guidance is computed. */
export interface GuidanceOptions {
  /** Strength; 1 or less is none. */
  readonly scale: number;
  /** Share in which the result's deviation is brought back to that of the conditional half; 0 for not at all. */
  readonly rescale: number;
  readonly batching: GuidanceBatching;
}

/**
 * The noise of one clip `[1, channels, frames, height, width]` with classifier-free guidance (Ho and Salimans 2022,
 * equation 6, in the form that Stable Diffusion uses): `uncond + scale * (cond - uncond)`, rescaled as Lin et al.,
 * "Common Diffusion Noise Schedules and Sample Steps are Flawed", 2023, section 3.4.
 */
export async function guidedPrediction(
  unet: Pick<Unet, 'predict'>,
  input: GuidedInput,
  { positive, negative }: Conditioning,
  { scale, rescale, batching }: GuidanceOptions,
  options: PredictOptions,
): Promise<Float32Array> {
  const { memory } = options;
  const predict = (
    half: GuidanceHalf,
    sample: Float32Tensor,
    of: readonly Float32Tensor[],
    join: () => Float32Tensor,
  ): Promise<Float32Tensor> => {
    // The prompts stay the same tensors from step to step, unless each window has its own.
    const context = memory ? memory.keep(half, of, () => ({ context: copied(join()) })).context : join();
    const deepFeatures = input.deepFeatures?.(half);
    return unet.predict({ ...input, sample, context, deepFeatures }, options);
  };
  const alone = (half: GuidanceHalf, context: Float32Tensor): Promise<Float32Tensor> =>
    predict(half, input.sample, [context], () => context);
  const { sample } = input;
  if (negative === undefined || scale <= 1) return (await alone('positive', positive)).data;
  if (batching === 'batched' || (batching === 'auto' && sample.data.length <= batchedElements)) {
    const both = await predict('both', joinRows([sample, sample]), [negative, positive], () =>
      bothContexts(negative, positive),
    );
    return combine(entry(both, 0).data, entry(both, 1).data, scale, rescale);
  }
  const without = await alone('negative', negative);
  const guided = await alone('positive', positive);
  return combine(without.data, guided.data, scale, rescale);
}

function bothContexts(negative: Float32Tensor, positive: Float32Tensor): Float32Tensor {
  const rows = Math.max(negative.shape[0]!, positive.shape[0]!);
  const all = (context: Float32Tensor): Float32Tensor =>
    context.shape[0] === rows
      ? context
      : pickRows(
          context,
          Array.from({ length: rows }, () => 0),
        );
  return joinRows([all(negative), all(positive)]);
}

function combine(
  negative: Float32Array,
  positive: Float32Array,
  scale: number,
  rescale: number,
): Float32Array {
  const guided = positive.map((value, index) => negative[index]! + scale * (value - negative[index]!));
  if (rescale === 0) return guided;
  const factor = deviation(positive) / deviation(guided);
  const share = rescale * factor + 1 - rescale;
  return guided.map((value) => share * value);
}

function deviation(values: Float32Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(squares / values.length - mean * mean, 1e-30));
}
