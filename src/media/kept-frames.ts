import type { Frame } from './frame.js';
import { pixelBudget } from './picture-limits.js';
import type { ResolvedReadOptions } from './read-options.js';
import { resized, resizedSize } from './resize.js';

/** Frames that have been read so far, in their new size. */
export interface KeptFrames {
  readonly frames: readonly Frame[];
  /** Whether there are as many as were asked for. */
  readonly full: boolean;
  /** @throws `unsupported` when all frames together become too large. */
  keep(frame: Frame): void;
}

/** An empty list of frames. */
export function keptFrames(name: string, options: ResolvedReadOptions): KeptFrames {
  const frames: Frame[] = [];
  const spend = pixelBudget(name, options.maxTotalPixels);
  return {
    frames,
    get full() {
      return frames.length >= options.maxFrames;
    },
    keep(frame) {
      const { width, height } = resizedSize(frame, options);
      spend(width, height);
      frames.push(resized(frame, options));
    },
  };
}

/**
 * Which of the frames of a clip with its own times are kept at a rate: for each frame, given how long it is shown, how
 * often. The middle of each new frame's time decides.
 */
export function framePicker(fps: number | undefined): (seconds: number) => number {
  let [end, taken] = [0, 0];
  return (seconds) => {
    if (fps === undefined) return 1;
    end += seconds;
    let times = 0;
    // A microsecond less, since sums of tenths are not quite what they should be.
    for (; (taken + 0.5) / fps < end - 1e-6; taken++) times++;
    return times;
  };
}
