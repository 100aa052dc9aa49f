import { AnimateDiffError } from '../core/errors.js';
import { elementCount, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import type { FrameWindow } from './frame-window.js';
import { checkFrames, type FrameLayout, frameLayout } from './window-frames.js';

/** Puts the predictions of windows together, see {@link fuseWindows}. */
export interface WindowFusion {
  /**
   * Adds what a window predicted. It is read at once and not kept.
   * @param window The window's frames.
   * @param weights How much it counts at each position, above 0; see `windowWeights`.
   * @param prediction Elements of `[…, window.length, height, width]`.
   * @throws `invalid-options` when a size or a frame does not fit, or a weight is not above 0.
   */
  add(window: FrameWindow, weights: ArrayLike<number>, prediction: Float32Array): void;
  /**
   * Hands over the fused prediction, in the shape that the fusion was made for. Nothing can be added afterwards.
   * @throws `invalid-options` when no window had one of the frames.
   */
  result(): Float32Tensor;
}

/**
 * Begins to fuse the predictions of overlapping windows into Σ weight · prediction / Σ weight at every frame. It holds
 * one array of the whole and one weight a frame, however many windows come.
 *
 * The sum is kept as a running mean: what only one window predicts comes out bit by bit, and equal predictions come out
 * as they are, whatever the weights.
 *
 * @param shape `[channels, frames, height, width]` of the whole, with or without a batch in front.
 * @throws `invalid-options` for shapes of fewer than 3 dimensions.
 */
export function fuseWindows(shape: readonly number[]): WindowFusion {
  const layout = frameLayout(shape);
  const total = new Float64Array(layout.frames);
  let mean: Float32Array | undefined = new Float32Array(elementCount(shape));
  const open = (): Float32Array => {
    if (mean !== undefined) return mean;
    throw new AnimateDiffError('invalid-options', 'this fusion has handed over its result; begin a new one');
  };
  return {
    add(window, weights, prediction) {
      const into = open();
      checkPrediction(window, weights, prediction, layout);
      for (const [position, frame] of window.entries()) {
        total[frame]! += weights[position]!;
        const share = weights[position]! / total[frame]!;
        for (const [to, from] of planesOf(frame, position, window.length, layout)) {
          blend(into.subarray(to, to + layout.plane), prediction.subarray(from, from + layout.plane), share);
        }
      }
    },
    result() {
      const data = open();
      const bare = total.indexOf(0);
      if (bare >= 0) {
        throw new AnimateDiffError('invalid-options', `no window had frame ${bare} of ${layout.frames}`);
      }
      mean = undefined;
      return float32Tensor(data, shape);
    },
  };
}

/** Where the planes of a frame begin, in the whole and in a window's prediction. */
function planesOf(
  frame: number,
  position: number,
  length: number,
  { outer, frames, plane }: FrameLayout,
): (readonly [to: number, from: number])[] {
  return Array.from({ length: outer }, (_, row) => [
    (row * frames + frame) * plane,
    (row * length + position) * plane,
  ]);
}

function blend(into: Float32Array, values: Float32Array, share: number): void {
  // The first window's values are copied, since 0 + -0 would lose a sign.
  if (share === 1) into.set(values);
  else for (let i = 0; i < into.length; i++) into[i] = into[i]! * (1 - share) + values[i]! * share;
}

function checkPrediction(
  window: FrameWindow,
  weights: ArrayLike<number>,
  prediction: Float32Array,
  { outer, frames, plane }: FrameLayout,
): void {
  checkFrames(window, frames);
  const expected = outer * window.length * plane;
  if (prediction.length !== expected) {
    throw new AnimateDiffError(
      'invalid-options',
      `prediction: expected ${expected} elements for a window of ${window.length} frames, got ${prediction.length}`,
    );
  }
  if (weights.length !== window.length || !Array.from(weights).every((weight) => weight > 0)) {
    throw new AnimateDiffError(
      'invalid-options',
      `weights: expected ${window.length} numbers above 0, one a frame of the window`,
    );
  }
}
