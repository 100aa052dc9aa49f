import { yieldToEventLoop } from '../core/yield.js';

/** Keeps long arithmetic from holding up the event loop: look at `due` often, and await `rest` when it says so. */
export interface Pace {
  /** True when the turn has lasted long enough. */
  due(): boolean;
  /** Lets others run. @throws the signal's reason once it is aborted. */
  rest(): Promise<void>;
}

/** @param milliseconds How long a turn lasts; half a frame of a screen unless given. */
export function startPace(signal: AbortSignal | undefined, milliseconds = 8): Pace {
  let end = performance.now() + milliseconds;
  return {
    due: () => performance.now() >= end,
    async rest() {
      signal?.throwIfAborted();
      await yieldToEventLoop();
      signal?.throwIfAborted();
      end = performance.now() + milliseconds;
    },
  };
}
