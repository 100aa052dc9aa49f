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
  readonly schedulers: SchedulersResult;
}

/** What one sampler costs beside the network. */
export interface SchedulerTiming {
  readonly name: string;
  /** Median seconds an evaluation: scaling the model's input, and the step. */
  readonly seconds: number;
  /** Of the fastest evaluation that is possible. */
  readonly share: number;
  /** Bytes in use at the run's end, less those after its first steps. */
  readonly heapGrowth: number;
}

/** The samplers at one size. */
export interface SchedulersResult {
  /** Of the latents. */
  readonly shape: readonly number[];
  readonly steps: number;
  /** Of one UNet evaluation at that size. */
  readonly flops: number;
  /** FLOP/s of the machine's best operator. */
  readonly peak: number;
  /** `flops / peak`. */
  readonly evaluationSeconds: number;
  readonly timings: readonly SchedulerTiming[];
}
