import type { OnEncodeProgress } from './encode-options.js';

/** What {@link eachFrame} needs of an encoder's options. */
export interface EachFrameOptions {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: OnEncodeProgress | undefined;
}

/**
 * Runs `work` on each item in order, reports progress, and gives the event loop a turn in between: encoding is long
 * synchronous work, and without a turn neither a cancel button nor a server's other requests would be heard.
 */
export async function eachFrame<T>(
  items: readonly T[],
  options: EachFrameOptions,
  work: (item: T, index: number) => void | Promise<void>,
): Promise<void> {
  const { signal, onProgress } = options;
  for (const [index, item] of items.entries()) {
    signal?.throwIfAborted();
    await work(item, index);
    onProgress?.({ done: index + 1, total: items.length });
    // A timer and not a resolved promise: promises run before any other event.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  signal?.throwIfAborted();
}
