import type { LoadProgress, OnLoadProgress } from '../core/progress.js';
import type { LoadProgressEvent } from './events.js';

/** Reports of progress on their way to whoever drives a generator. */
export interface ProgressReports {
  /** Takes a report: a network may have one long after it was loaded, when it first runs. */
  readonly tell: OnLoadProgress;
  /**
   * Runs work, yields the reports that came since the last time and each that comes meanwhile, and returns the result.
   * @param letGo What becomes of the result when whoever drives the generator leaves before it is there. Leaving waits for it.
   */
  during<T>(
    start: () => Promise<T>,
    letGo?: (result: T) => Promise<void>,
  ): AsyncGenerator<LoadProgressEvent, T, undefined>;
}

/** No reports yet. */
export function progressReports(): ProgressReports {
  const reports: LoadProgress[] = [];
  let wake: (() => void) | undefined;
  return {
    tell: (progress) => {
      reports.push(progress);
      wake?.();
    },
    async *during(start, letGo = async () => undefined) {
      const work = start();
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
    },
  };
}
