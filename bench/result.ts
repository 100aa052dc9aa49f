import type { EndlessMemory, RunMemory } from './long-run.js';
import type { MachinePeak } from './machine-peak.js';
import type { TrainingCost } from './training-run.js';

/** Everything that the bench measures; bytes and seconds. */
export interface BenchResult extends CasesResult {
  readonly threads: number;
  readonly coldLoadSeconds: number;
  readonly warmLoadSeconds: number;
  readonly peakBytes: number;
  readonly steadyBytes: number;
  readonly steadyPrivateBytes: number;
  readonly afterDisposeBytes: number;
  readonly textSeconds: number;
  readonly frameDecodeSeconds: number;
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

/** What a live LoRA costs a step. */
export interface LiveCost {
  readonly rank: number;
  /** Of adding it, which makes the session anew for inputs. */
  readonly addSeconds: number;
  /** Median of a UNet evaluation with it. */
  readonly seconds: number;
  /** The same without any, before and after. */
  readonly plainSeconds: number;
}

/** Changing adapters at full size. */
export interface AdaptersResult {
  /** Layers that the LoRA changes. */
  readonly layers: number;
  /** Loading with a fused LoRA, with nothing in the weights cache. */
  readonly coldReloadSeconds: number;
  /** The same with another scale, with the model's own weights in the cache. */
  readonly warmReloadSeconds: number;
  /** Median of a fused `setScale`, ready to run. */
  readonly fusedScaleSeconds: number;
  /** Private memory at the peak of it, above that before. */
  readonly fusedExtraBytes: number;
  /** Of making the session without it: what is left of `fusedScaleSeconds` is the merge. */
  readonly plainSessionSeconds: number;
  /** Size of the weights that are merged. */
  readonly touchedBytes: number;
  /** Bytes a second that this machine copies, read and written counted. */
  readonly copyRate: number;
  /** Median of a UNet evaluation with the fused LoRA, and right after without. */
  readonly fusedSeconds: number;
  readonly plainSeconds: number;
  /** Private memory after them. */
  readonly fusedPrivateBytes: number;
  readonly plainPrivateBytes: number;
  /** Median of a live `setScale`, ready to run. */
  readonly liveScaleSeconds: number;
  /** `[frames, pixels]` of the evaluations. */
  readonly size: readonly [number, number];
  readonly live: readonly LiveCost[];
}

/** Memory of long animations. */
export interface LongResult {
  /** Side of the square frames, in pixels. */
  readonly pixels: number;
  readonly short: RunMemory;
  readonly long: RunMemory;
  readonly endless: EndlessMemory;
}

/** One UNet evaluation of one size, medians. */
export interface CaseResult {
  /** `sd15-v2-8x256`: 8 frames of 256×256. */
  readonly name: string;
  readonly secondsPerEvaluation: number;
  readonly flops: number;
  /** Of the machine's best operator in the same run: medians of both. */
  readonly shareOfPeak: number;
  /** Of that operator's one fastest run. */
  readonly shareOfFastest: number;
  readonly loadSeconds: number;
  /** Resident memory after loading and before the first evaluation; over the weights' bytes in float32. */
  readonly loadedRssBytes: number;
  readonly loadedRssOverWeights: number;
  readonly peakRssBytes: number;
  readonly peakRssOverWeights: number;
  /** Others at the same, in alternation. */
  readonly rivals: readonly RivalResult[];
}

/** What another program needs for a case. */
export interface RivalResult {
  /** `unfused`: our graph of portable operators; `diffusers`. */
  readonly name: string;
  readonly secondsPerEvaluation: number;
  readonly peakRssBytes: number;
  readonly oursOverTheirs: number;
}

/** All cases of a run. */
export interface CasesResult {
  readonly peak: MachinePeak;
  /** Bytes of the UNet's weights in float32. */
  readonly weightBytes: number;
  readonly cases: readonly CaseResult[];
}

/** Where the time of a whole generation goes, in seconds; networks by name. */
export interface GenerationResult {
  readonly frames: number;
  /** Side of the square frames. */
  readonly pixels: number;
  readonly steps: number;
  /** From the prompt to the last picture. */
  readonly seconds: number;
  /** Bringing networks into memory, which the residency lets go after use. */
  readonly loading: Readonly<Record<string, number>>;
  readonly running: Readonly<Record<string, number>>;
  /** All the rest. */
  readonly outside: number;
  readonly outsideShare: number;
  /** Bytes: what `plan()` says, and the largest resident memory beyond what the process had before. */
  readonly memory: {
    readonly planned: number;
    readonly measured: number;
    readonly measuredOverPlanned: number;
  };
}

/** A training step against an evaluation of the same network. */
export interface TrainingResult {
  readonly frames: number;
  /** Side of the square frames. */
  readonly pixels: number;
  /** One evaluation, of portable operators and of the CPU's own. */
  readonly portable: TrainingCost;
  readonly fused: TrainingCost;
  /** One step with everything kept for the way back, and with blocks computed again. */
  readonly step: TrainingCost;
  readonly recomputed: TrainingCost;
  /** In CPU time. */
  readonly stepOverPortable: number;
  readonly stepOverFused: number;
  /** Private memory at its peak, of that with everything kept. */
  readonly recomputedPeakShare: number;
}
