import { AnimateDiffError } from '../core/errors.js';
import type { ResolvedViews } from './view-options.js';
import { viewWindows } from './view-windows.js';
import { windowWeights } from './window-weights.js';

/** The views of an animation, and how they are put together again. */
export interface ViewMix {
  /** Number of views. */
  readonly views: number;
  /** Frames in each. */
  readonly length: number;
  /** Frame numbers `[views, length]`. */
  readonly frames: Int32Array;
  /** How much each place of each view counts in each frame, `[numFrames, views, length]`; a frame's sum is 1. */
  readonly weights: Float32Array;
}

/** Most elements of the weights, which grow with the square of the frames: 256 MB, or 4096 frames with the defaults. */
const mostWeights = 2 ** 26;

/** The default of context windows: see `ContextOptions.sigma`. */
const sigma = 1;

/**
 * Checks that there is room for the weights of so many frames.
 * @throws `invalid-options` that says what to do.
 */
export function checkViewCount({ length, stride }: ResolvedViews, numFrames: number): void {
  const views = Math.max(Math.ceil((numFrames - length) / stride), 0) + 1;
  if (numFrames * views * Math.min(length, numFrames) <= mostWeights) return;
  throw new AnimateDiffError(
    'invalid-options',
    `viewWindows: ${views} views of ${numFrames} frames are too many to mix; ask for fewer frames, a larger stride, or context windows of them`,
  );
}

/**
 * The views of `numFrames` frames and the weighted mean over them: Σ weight · value / Σ weight at every frame, the last
 * view counting like any other. (diffusers' FreeNoise lets it count in the frames that no other view has, and there
 * divides by one weight for all of them, so that it fades out where `numFrames` is not `length + k · stride`.)
 *
 * @throws `invalid-options` for more frames than there is room for.
 */
export function viewMix(resolved: ResolvedViews, numFrames: number): ViewMix {
  checkViewCount(resolved, numFrames);
  const { length, stride, fuse } = resolved;
  const windows = viewWindows(numFrames, length, stride);
  const places = windows.length * windows[0]!.length;
  const each = windows.map((window) =>
    windowWeights({ fuse, overlap: length - stride, sigma }, window, numFrames),
  );
  const totals = new Float64Array(numFrames);
  windows.forEach((window, view) => {
    window.forEach((frame, position) => {
      totals[frame]! += each[view]![position]!;
    });
  });
  const frames = Int32Array.from(windows.flat());
  const weights = new Float32Array(numFrames * places);
  windows.forEach((window, view) => {
    window.forEach((frame, position) => {
      weights[frame * places + view * window.length + position] = each[view]![position]! / totals[frame]!;
    });
  });
  return { views: windows.length, length: windows[0]!.length, frames, weights };
}
