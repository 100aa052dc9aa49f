import type { MachinePeak } from './machine-peak.js';

/** One UNet evaluation at one size. */
export interface EvaluationResult {
  readonly frames: number;
  /** Side of the square frames, in pixels. */
  readonly pixels: number;
  /** Median seconds, and all of them. */
  readonly seconds: number;
  readonly all: readonly number[];
  readonly flops: number;
}

/** Everything that the bench measures; bytes and seconds. */
export interface BenchResult {
  readonly threads: number;
  readonly peak: MachinePeak;
  readonly coldLoadSeconds: number;
  readonly warmLoadSeconds: number;
  readonly peakBytes: number;
  readonly steadyBytes: number;
  readonly steadyPrivateBytes: number;
  readonly afterDisposeBytes: number;
  readonly textSeconds: number;
  readonly frameDecodeSeconds: number;
  readonly evaluations: readonly EvaluationResult[];
}
