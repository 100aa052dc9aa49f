import type { OnLoadProgress } from '../../core/progress.js';

/** Counts the bytes of one model's weights and reports them. */
export interface WeightsProgress {
  /** Bytes moved just now. */
  moved(bytes: number): void;
  /** Bytes that need not be moved, such as those already on disk: they do not count for the estimated time. */
  skipped(bytes: number): void;
}

/** Estimates need this many seconds of work to rest on. */
const estimateAfter = 0.5;

/** Turns byte counts into `weights` events for `onProgress`. */
export function weightsProgress(
  component: string,
  total: number,
  onProgress: OnLoadProgress | undefined,
): WeightsProgress {
  let loaded = 0;
  let moved = 0;
  let started: number | undefined;
  const report = (): void => {
    const seconds = started === undefined ? 0 : (performance.now() - started) / 1000;
    const secondsLeft =
      seconds < estimateAfter || moved === 0 ? undefined : ((total - loaded) / moved) * seconds;
    onProgress?.({ phase: 'weights', component, loaded, total, secondsLeft });
  };
  report();
  started = performance.now();
  return {
    moved: (bytes) => {
      moved += bytes;
      loaded += bytes;
      report();
    },
    skipped: (bytes) => {
      loaded += bytes;
      report();
    },
  };
}
