import { AnimateDiffError } from '../core/errors.js';
import { checkCount } from './frame-count.js';
import { consecutive, type FrameWindow } from './frame-window.js';

/**
 * Windows that the motion module's attention looks through while the rest of the UNet sees every frame: `[0, length)`,
 * `[stride, stride + length)`, … and, when those end before the last frame, one more that ends at it. All frames fit
 * one window when there are at most `length` of them. FreeNoise's form (Qiu et al. 2023).
 *
 * @param numFrames Frames of the animation, from 1 to 100 000.
 * @param length Frames in a window. FreeNoise: 16.
 * @param stride Frames from one window to the next, from 1 to `length`. FreeNoise: 4.
 * @throws `invalid-options` for numbers out of range; a stride above `length` would leave frames out.
 */
export function viewWindows(numFrames: number, length: number, stride: number): FrameWindow[] {
  checkCount('numFrames', numFrames, 1);
  checkCount('length', length, 1);
  checkCount('stride', stride, 1);
  if (stride > length) {
    throw new AnimateDiffError(
      'invalid-options',
      `stride: ${stride} leaves out frames between windows of ${length}; expected at most ${length}`,
      { details: { issues: [{ path: 'stride', message: `expected at most ${length}` }] } },
    );
  }
  if (numFrames <= length) return [consecutive(0, numFrames)];
  const windows: FrameWindow[] = [];
  for (let start = 0; start + length < numFrames; start += stride) windows.push(consecutive(start, length));
  return [...windows, consecutive(numFrames - length, length)];
}
