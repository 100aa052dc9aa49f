import type { Tensor } from '../core/tensor.js';
import { checkViewCount, viewMix } from '../windows/view-mix.js';
import { resolveViews, type ViewOptions } from '../windows/view-options.js';
import { invalid } from './component-options.js';
import type { OpenedModel } from './opened-model.js';

/**
 * Checks views for a model.
 * @param frames Frames that the UNet is given at once, where that is known.
 * @throws `invalid-options` when there is no motion module, or one with fewer positions than a view has frames, or when
 * there are too many views.
 */
export function checkViews(views: ViewOptions, motion: OpenedModel['motion'], frames?: number): void {
  if (motion === undefined) {
    invalid("viewWindows: need a motion module; load one with the option 'motionModule', or leave them out");
  }
  const resolved = resolveViews(views, motion.config.maxFrames);
  if (frames !== undefined) checkViewCount(resolved, frames);
}

/**
 * The inputs of a UNet in the form `viewWindows`, for one run.
 * @param frames Frames of each clip.
 * @param maxFrames Positions of the motion module.
 * @throws `invalid-options` that names the option.
 */
export function viewFeeds(
  options: ViewOptions,
  frames: number,
  maxFrames: number,
): Record<'view_frames' | 'view_weights', Tensor> {
  const mix = viewMix(resolveViews(options, maxFrames), frames);
  const { views, length } = mix;
  return {
    view_frames: { type: 'int64', data: BigInt64Array.from(mix.frames, BigInt), shape: [views, length] },
    view_weights: { type: 'float32', data: mix.weights, shape: [frames, views, length] },
  };
}
