import type { StepWindows, WindowPlan } from '../index.js';

/** Frames that follow each other at equal distances, both ends included. */
export interface FrameRun {
  readonly first: number;
  readonly last: number;
  readonly spacing: number;
}

/** A window as few runs: one, or two where it goes on at the first frame. */
export function frameRuns(frames: readonly number[]): FrameRun[] {
  const runs: FrameRun[] = [];
  const spacing = frames.length > 1 ? Math.max(1, frames[1]! - frames[0]!) : 1;
  for (const frame of frames) {
    const open = runs.at(-1);
    if (open !== undefined && frame === open.last + spacing) runs[runs.length - 1] = { ...open, last: frame };
    else runs.push({ first: frame, last: frame, spacing });
  }
  return runs;
}

/** A window in few letters: `12-27`, `60-63+0-11` where it wraps, `0-30/2` for every second frame. */
export function windowText(frames: readonly number[]): string {
  const text = ({ first, last, spacing }: FrameRun): string => {
    if (first === last) return String(first);
    return spacing === 1 ? `${first}-${last}` : `${first}-${last}/${spacing}`;
  };
  return frameRuns(frames).map(text).join('+');
}

/** How many windows frames are in: `2`, or `1 to 3`. */
export function coverageText({ coverage }: StepWindows): string {
  const [least, most] = coverage.reduce(
    ([low, high], count) => [Math.min(low, count), Math.max(high, count)] as const,
    [coverage[0]!, coverage[0]!] as const,
  );
  return least === most ? String(least) : `${least} to ${most}`;
}

/** A plan in a sentence. */
export function planText({ numFrames, context, plain, steps, evaluations }: WindowPlan): string {
  const runs = `${counted(evaluations, 'evaluation')} of the UNet in ${counted(steps.length, 'step')}`;
  if (plain) return `${counted(numFrames, 'frame')} at once: ${runs}`;
  const { length, overlap, schedule, fuse } = context;
  return `${counted(numFrames, 'frame')} in ${schedule} windows of ${length}, overlap ${overlap}, fuse ${fuse}: ${runs}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
