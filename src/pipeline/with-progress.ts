import type { OnLoadProgress } from '../core/progress.js';
import type { LoadProgressEvent } from './events.js';
import { progressReports } from './progress-reports.js';

/** Runs work that reports progress, as a generator that yields each report when it comes and returns the result. */
export function withProgress<T>(
  start: (onProgress: OnLoadProgress) => Promise<T>,
): AsyncGenerator<LoadProgressEvent, T, undefined> {
  const { tell, during } = progressReports();
  return during(() => start(tell));
}
