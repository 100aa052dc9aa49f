import { yieldToEventLoop } from '../core/yield.js';
import { gifFrames } from './decode-gif.js';
import { framePicker, type KeptFrames } from './kept-frames.js';
import type { ResolvedReadOptions } from './read-options.js';

/** Keeps the frames of a GIF, at the rate that is asked for. @throws As `gifFrames`, or the signal's reason. */
export async function keepGif(
  bytes: Uint8Array,
  name: string,
  { maxPixels, fps, signal }: Pick<ResolvedReadOptions, 'maxPixels' | 'fps' | 'signal'>,
  kept: KeptFrames,
): Promise<void> {
  const timesOf = framePicker(fps);
  for (const { frame, seconds } of gifFrames(bytes, name, maxPixels)) {
    for (let times = timesOf(seconds); times > 0 && !kept.full; times--) kept.keep(frame);
    if (kept.full) return;
    // Unpacking is long synchronous work: without a turn in between nobody could stop it.
    await yieldToEventLoop();
    signal?.throwIfAborted();
  }
}
