import { abortable } from './abort.js';

/** Lets one task run at a time, in the order of asking. */
export interface Mutex {
  /**
   * Runs `task` when all earlier ones have ended. An abort rejects at once with the signal's reason: a task still
   * waiting is never started, one under way keeps the mutex until it ends by itself.
   */
  run<T>(task: () => Promise<T>, signal?: AbortSignal | undefined): Promise<T>;
}

/** A {@link Mutex} nobody holds. */
export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (task, signal) => {
      const turn = last.then(() => {
        signal?.throwIfAborted();
        return task();
      });
      last = turn.catch(() => undefined);
      return abortable(turn, signal);
    },
  };
}
