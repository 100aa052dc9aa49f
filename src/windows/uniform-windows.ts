import { areSound, consecutive, type FrameWindow } from './frame-window.js';
import { orderedHalving, roundHalfEven } from './ordered-halving.js';

/** What uniform windows are made from. */
export interface UniformOptions {
  /** Frames in a window, at most the number of frames of the animation. */
  readonly length: number;
  /** Frames that neighbours of the same spacing share. */
  readonly overlap: number;
  /** Levels of spacing at most. */
  readonly stride: number;
  /** Whether windows also start in the last `overlap` frames. */
  readonly closedLoop: boolean;
}

/** Uniform windows that wrap around the end, for one step. */
export function loopedWindows(options: UniformOptions, numFrames: number, step: number): FrameWindow[] {
  return withSoundLevels(options, numFrames, (levels) => wrapping(options, levels, numFrames, step));
}

/** Uniform windows that end at the last frame where looped ones would wrap, for one step. */
export function standardWindows(options: UniformOptions, numFrames: number, step: number): FrameWindow[] {
  const open = { ...options, closedLoop: false };
  return withSoundLevels(open, numFrames, (levels) =>
    withoutDuplicates(unwrapped(wrapping(open, levels, numFrames, step), numFrames)),
  );
}

/**
 * Takes as many levels of spacing as the options and the length of the animation allow, fewer where the widest one
 * would put a frame into a window twice or reach past the end. Level 1 is always sound.
 */
function withSoundLevels(
  { length, stride }: UniformOptions,
  numFrames: number,
  windowsOf: (levels: number) => FrameWindow[],
): FrameWindow[] {
  let levels = Math.min(stride, Math.ceil(Math.log2(numFrames / length)) + 1);
  let windows = windowsOf(levels);
  while (levels > 1 && !areSound(windows, numFrames)) windows = windowsOf(--levels);
  return windows;
}

function wrapping(
  { length, overlap, closedLoop }: UniformOptions,
  levels: number,
  numFrames: number,
  step: number,
): FrameWindow[] {
  const shift = orderedHalving(step);
  const pad = roundHalfEven(numFrames * shift);
  const end = numFrames + pad - (closedLoop ? 0 : overlap);
  const windows: FrameWindow[] = [];
  for (let level = 0; level < levels; level++) {
    const spacing = 2 ** level;
    for (let start = Math.floor(shift * spacing) + pad; start < end; start += length * spacing - overlap) {
      windows.push(Array.from({ length }, (_, position) => (start + position * spacing) % numFrames));
    }
  }
  return windows;
}

/**
 * Moves each window that wraps back to the end, its spacing kept. The frames after the wrap get a window of their own
 * unless the next window has them.
 */
function unwrapped(windows: readonly FrameWindow[], numFrames: number): FrameWindow[] {
  const moved = windows.map((window) =>
    wrapOf(window) === undefined ? window : movedToEnd(window, numFrames),
  );
  return windows.flatMap((window, index) => {
    const wrap = wrapOf(window);
    if (wrap === undefined) return [window];
    // The next window is looked at as it was before its own move, except the first one, which comes after the last.
    const next = windows[index + 1] ?? moved[0]!;
    return next.includes(wrap) ? [moved[index]!] : [moved[index]!, consecutive(wrap, window.length)];
  });
}

/** The frame that a window goes on at after the last ones; `undefined` when it does not wrap. */
function wrapOf(window: FrameWindow): number | undefined {
  return window.find((frame, position) => position > 0 && frame < window[position - 1]!);
}

function movedToEnd(window: FrameWindow, numFrames: number): FrameWindow {
  const spacing = (window[1]! - window[0]! + numFrames) % numFrames;
  return window.map((_, position) => numFrames - 1 - (window.length - 1 - position) * spacing);
}

function withoutDuplicates(windows: readonly FrameWindow[]): FrameWindow[] {
  return [...new Map(windows.map((window) => [window.join(), window])).values()];
}
