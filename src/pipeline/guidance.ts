import type { Float32Tensor } from '../core/tensor.js';
import type { ComponentOptions } from './component-options.js';
import type { GuidanceBatching } from './generate-options.js';
import { entry, twice } from './latents.js';
import type { Unet } from './unet.js';

/** Latent elements of one clip up to which both halves run at once: 16 frames of 256×256. */
const batchedElements = 4 * 16 * 32 * 32;

/** Predicts the noise of one clip `[1, channels, frames, height, width]`, with guidance, in the same order. */
export type GuidedPrediction = (
  sample: Float32Tensor,
  step: { readonly timestep: number; readonly progress: number },
  options: ComponentOptions,
) => Promise<Float32Array>;

/**
 * Classifier-free guidance (Ho and Salimans 2022, equation 6, in the form that Stable Diffusion uses):
 * `uncond + scale * (cond - uncond)`.
 * @param context `[2, tokens, width]`, the negative prompt first; `[1, tokens, width]` for no guidance.
 */
export function guidedPrediction(
  unet: Unet,
  context: Float32Tensor,
  scale: number,
  batching: GuidanceBatching,
): GuidedPrediction {
  if (context.shape[0] === 1) {
    return async (sample, step, options) => (await unet.predict({ sample, ...step, context }, options)).data;
  }
  return async (sample, step, options) => {
    const batched = batching === 'batched' || (batching === 'auto' && sample.data.length <= batchedElements);
    if (batched) {
      const both = await unet.predict({ sample: twice(sample), ...step, context }, options);
      return combine(entry(both, 0).data, entry(both, 1).data, scale);
    }
    const negative = await unet.predict({ sample, ...step, context: entry(context, 0) }, options);
    const positive = await unet.predict({ sample, ...step, context: entry(context, 1) }, options);
    return combine(negative.data, positive.data, scale);
  };
}

function combine(negative: Float32Array, positive: Float32Array, scale: number): Float32Array {
  return positive.map((value, index) => negative[index]! + scale * (value - negative[index]!));
}
