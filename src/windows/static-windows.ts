import { consecutive, type FrameWindow } from './frame-window.js';

/**
 * Windows of consecutive frames from the first on; the last is moved back to end at the last frame.
 * @param length Frames in a window, at most `numFrames`.
 * @param overlap Frames that neighbours share, below `length`.
 */
export function staticWindows(length: number, overlap: number, numFrames: number): FrameWindow[] {
  const windows: FrameWindow[] = [];
  for (let start = 0; start + length < numFrames; start += length - overlap) {
    windows.push(consecutive(start, length));
  }
  return [...windows, consecutive(numFrames - length, length)];
}

/** Windows side by side; the last one has what is left. */
export function batchedWindows(length: number, numFrames: number): FrameWindow[] {
  const windows: FrameWindow[] = [];
  for (let start = 0; start < numFrames; start += length) {
    windows.push(consecutive(start, Math.min(length, numFrames - start)));
  }
  return windows;
}
