import { type ContextOptions, resolveContext } from '../windows/context-options.js';
import { isPlain } from '../windows/describe-windows.js';
import { fuseWindows } from '../windows/fuse-windows.js';
import { windowWeights } from '../windows/window-weights.js';
import { windowsAt } from '../windows/windows-at.js';
import type { WindowPlan } from './denoise.js';

/**
 * The windows of a generation; `undefined` when the network sees all frames at once, which is then the plain run, to the
 * bit.
 * @param maxFrames Frames that the network takes at once.
 * @throws `invalid-options` that names the option.
 */
export function windowPlan(
  options: ContextOptions | undefined,
  numFrames: number,
  maxFrames: number,
): WindowPlan | undefined {
  if (options === undefined && numFrames <= maxFrames) return undefined;
  const context = resolveContext(options, numFrames, maxFrames);
  // Looped windows move on from the second step.
  const plain = [0, 1].every((step) => isPlain(windowsAt(context, numFrames, step), numFrames));
  if (numFrames <= context.length && plain) return undefined;
  return {
    at: (step) => windowsAt(context, numFrames, step),
    fuse(shape) {
      const sum = fuseWindows(shape);
      return {
        add: (window, prediction) => sum.add(window, windowWeights(context, window, numFrames), prediction),
        result: () => sum.result().data,
      };
    },
  };
}
