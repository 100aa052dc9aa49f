import type { ResolvedContext } from './context-options.js';
import { checkCount } from './frame-count.js';
import { consecutive, type FrameWindow } from './frame-window.js';
import { batchedWindows, staticWindows } from './static-windows.js';
import { loopedWindows, standardWindows } from './uniform-windows.js';

/**
 * The windows to evaluate at one step. Every frame is in at least one window, and in none twice.
 *
 * An animation that fits one window is that window, all frames in order. The uniform schedules start elsewhere at every
 * step. Reproduces the windows of ComfyUI-AnimateDiff-Evolved (`animatediff/context.py`) wherever those are sound;
 * where they repeat or miss a frame or reach past the end, there are fewer levels of spacing here.
 *
 * @param numFrames Frames of the animation, from 1 to 100 000.
 * @param step Index of the sampling step, from 0 in every run. A sampler's second evaluation belongs to the same step.
 * @throws `invalid-options` for numbers out of range.
 */
export function windowsAt(context: ResolvedContext, numFrames: number, step: number): FrameWindow[] {
  checkCount('numFrames', numFrames, 1);
  checkCount('step', step, 0, Number.MAX_SAFE_INTEGER);
  const { schedule, length, overlap, useOnEqualLength } = context;
  if (numFrames < length || (numFrames === length && !useOnEqualLength)) return [consecutive(0, numFrames)];
  switch (schedule) {
    case 'looped':
      return loopedWindows(context, numFrames, step);
    case 'standard':
      return standardWindows(context, numFrames, step);
    case 'static':
      return staticWindows(length, overlap, numFrames);
    case 'batched':
      return batchedWindows(length, numFrames);
  }
}
