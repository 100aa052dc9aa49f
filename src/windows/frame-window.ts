/**
 * Frame numbers of one window, in the order in which the motion module sees them. A window of a looped schedule may run
 * past the last frame and go on at the first.
 */
export type FrameWindow = readonly number[];

/** A window of frames that follow each other. */
export function consecutive(start: number, length: number): number[] {
  return Array.from({ length }, (_, position) => start + position);
}

/** How many windows hold each frame, `numFrames` numbers. */
export function coverageOf(windows: readonly FrameWindow[], numFrames: number): number[] {
  const counts = new Array<number>(numFrames).fill(0);
  for (const window of windows) for (const frame of window) counts[frame]! += 1;
  return counts;
}

/** Whether the windows hold only frames that exist, none twice in one window, and together all of them. */
export function areSound(windows: readonly FrameWindow[], numFrames: number): boolean {
  const seenIn = new Int32Array(numFrames).fill(-1);
  for (const [index, window] of windows.entries()) {
    for (const frame of window) {
      if (frame < 0 || frame >= numFrames || seenIn[frame] === index) return false;
      seenIn[frame] = index;
    }
  }
  return !seenIn.includes(-1);
}
