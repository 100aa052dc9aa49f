import type { ResolvedContext } from './context-options.js';
import type { FrameWindow } from './frame-window.js';

/** What the weights of a window depend on. */
export type FuseOptions = Pick<ResolvedContext, 'fuse' | 'overlap' | 'sigma'>;

/** Next to nothing, but not nothing: a frame that only such a weight covers still gets its prediction. */
const faintest = 1e-37;

/**
 * How much a window's prediction counts at each of its positions; all are above 0 and only their ratios within a frame
 * matter. The formulas are those of ComfyUI-AnimateDiff-Evolved's fuse methods (`animatediff/context.py`), with two
 * additions: `relative` takes the frames of a window that wraps as if they counted on, and ramps of `overlap-linear`
 * that meet take the lower of the two.
 *
 * @param window The window's frames; it may be shorter than others.
 * @param numFrames Frames of the animation.
 */
export function windowWeights(
  { fuse, overlap, sigma }: FuseOptions,
  window: FrameWindow,
  numFrames: number,
): Float64Array {
  const { length } = window;
  switch (fuse) {
    case 'flat':
      return new Float64Array(length).fill(1);
    case 'pyramid':
      return byPosition(length, (position) => Math.min(position + 1, length - position));
    case 'relative':
      return relative(window, numFrames);
    case 'overlap-linear':
      return overlapLinear(window, overlap, numFrames);
    case 'gaussian':
      return gaussian(length, sigma);
    case 'delayed-reverse-sawtooth':
      return byPosition(length, (position) => (position < Math.floor(length / 2) ? 0.01 : length - position));
  }
}

function byPosition(length: number, weight: (position: number) => number): Float64Array {
  return Float64Array.from({ length }, (_, position) => weight(position));
}

function relative(window: FrameWindow, numFrames: number): Float64Array {
  let laps = 0;
  const frames = window.map((frame, position) => {
    if (position > 0 && frame < window[position - 1]!) laps++;
    return frame + laps * numFrames;
  });
  const [first, last] = [frames[0]!, frames.at(-1)!];
  const middle = (first + last) / 2;
  const half = (last - first + 0.01) / 2;
  return byPosition(frames.length, (position) =>
    Math.max(0.01, 1 - Math.abs(frames[position]! - middle) / half),
  );
}

function overlapLinear(window: FrameWindow, overlap: number, numFrames: number): Float64Array {
  const { length } = window;
  const ramp = (distance: number): number => {
    if (distance >= overlap) return 1;
    return overlap === 1 ? faintest : faintest + ((1 - faintest) * distance) / (overlap - 1);
  };
  const fromLeft = !window.includes(0);
  const fromRight = !window.includes(numFrames - 1);
  return byPosition(length, (position) =>
    Math.min(fromLeft ? ramp(position) : 1, fromRight ? ramp(length - 1 - position) : 1),
  );
}

/** A bell whose Euclidean norm is half the window, so that windows of several lengths weigh alike. */
function gaussian(length: number, sigma: number): Float64Array {
  const deviation = 1 + 2 * sigma;
  const bell = byPosition(length, (position) =>
    Math.exp(-0.5 * ((position - (length - 1) / 2) / deviation) ** 2),
  );
  const scale = Math.ceil(length / 2) / Math.sqrt(bell.reduce((sum, value) => sum + value * value, 0));
  // Far from the middle of a long, narrow window the bell is 0 even in float64.
  return bell.map((value) => Math.max(faintest, value * scale));
}
