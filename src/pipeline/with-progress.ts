import type { LoadProgress, OnLoadProgress } from '../core/progress.js';
import type { LoadProgressEvent } from './events.js';

/**
 * Runs work that reports progress, as a generator that yields each report when it comes and returns the result.
 * @param letGo What becomes of the result when whoever drives the generator leaves before it is there. Leaving waits for it.
 */
export async function* withProgress<T>(
  start: (onProgress: OnLoadProgress) => Promise<T>,
  letGo: (result: T) => Promise<void> = async () => undefined,
): AsyncGenerator<LoadProgressEvent, T, undefined> {
  const reports: LoadProgress[] = [];
  let wake: (() => void) | undefined;
  const work = start((progress) => {
    reports.push(progress);
    wake?.();
  });
  let running = true;
  // A rejection is thrown by the `await` at the end; here it only ends the waiting.
  const settled = work
    .then(
      () => undefined,
      () => undefined,
    )
    .then(() => {
      running = false;
    });
  let taken = false;
  try {
    while (running) {
      const reported = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (reports.length === 0) await Promise.race([settled, reported]);
      for (const progress of reports.splice(0)) yield { type: 'load-progress', progress };
    }
    const result = await work;
    taken = true;
    return result;
  } finally {
    if (!taken) await work.then(letGo, () => undefined);
  }
}
