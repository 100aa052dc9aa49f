import { AnimateDiffError } from '../core/errors.js';
import { elementCount, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import type { FrameWindow } from './frame-window.js';

/** How the elements of `[…, frames, height, width]` lie: what comes before the frames, and one frame's plane. */
export interface FrameLayout {
  /** Product of the dimensions before the frames. */
  readonly outer: number;
  /** Size of the frames' dimension. */
  readonly frames: number;
  /** Elements of one plane, `height · width`. */
  readonly plane: number;
}

/**
 * The layout of `[channels, frames, height, width]`, with or without a batch in front.
 * @throws `invalid-options` for shapes of fewer than 3 dimensions.
 */
export function frameLayout(shape: readonly number[]): FrameLayout {
  if (shape.length < 3) {
    throw new AnimateDiffError(
      'invalid-options',
      `shape: expected […, frames, height, width], got [${shape.join(', ')}]`,
    );
  }
  return {
    outer: elementCount(shape.slice(0, -3)),
    frames: shape.at(-3)!,
    plane: shape.at(-2)! * shape.at(-1)!,
  };
}

/**
 * Copies a window's frames out of all of them.
 * @param whole `[…, frames, height, width]`, such as latents `[1, 4, frames, height/8, width/8]`.
 * @returns `[…, window.length, height, width]`, in the window's order.
 * @throws `invalid-options` when a frame of the window does not exist.
 */
export function takeFrames(whole: Float32Tensor, window: FrameWindow): Float32Tensor {
  const { outer, frames, plane } = frameLayout(whole.shape);
  checkFrames(window, frames);
  const data = new Float32Array(outer * window.length * plane);
  let to = 0;
  for (let row = 0; row < outer; row++) {
    for (const frame of window) {
      const from = (row * frames + frame) * plane;
      data.set(whole.data.subarray(from, from + plane), to);
      to += plane;
    }
  }
  return float32Tensor(data, [...whole.shape.slice(0, -3), window.length, ...whole.shape.slice(-2)]);
}

/**
 * Checks that a window's frames exist.
 * @throws `invalid-options` that names the first that does not.
 */
export function checkFrames(window: FrameWindow, numFrames: number): void {
  const wrong = window.find((frame) => !Number.isInteger(frame) || frame < 0 || frame >= numFrames);
  if (wrong === undefined) return;
  throw new AnimateDiffError(
    'invalid-options',
    `window: there is no frame ${wrong} among ${numFrames} frames`,
  );
}
