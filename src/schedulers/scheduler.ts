import type { RandomSource, RandomState } from '../core/random.js';

/** What a run of denoising is asked to do. */
export interface SamplingRequest {
  /** Number of denoising steps, an integer of at least 1. */
  readonly steps: number;
  /** Share of the schedule that is run, in (0, 1]; 1 starts from pure noise. */
  readonly strength: number;
  /** The only source of noise that stochastic steps may draw from. */
  readonly random: RandomSource;
}

/** What continuing a paused run needs besides its state. */
export interface ResumeRequest {
  /** As given to the run that was paused. */
  readonly steps: number;
  /** As given to the run that was paused. */
  readonly strength: number;
  /** Makes the source of noise from its stored state; `restoreTorchRandom` unless given. */
  readonly restoreRandom?: ((state: RandomState) => RandomSource) | undefined;
}

/** The result of one step, both in the latents' shape. */
export interface SamplingStep {
  /** Latents for the next step. */
  readonly sample: Float32Array;
  /** The prediction of the clean latents (x0) that this step implies. */
  readonly denoised: Float32Array;
}

/** A paused run as plain data: JSON plus arrays. Resuming from it continues bit-exactly. */
export interface SchedulerState {
  /** Name of the sampler. */
  readonly scheduler: string;
  /** Index of the next step. */
  readonly index: number;
  /** What the sampler itself remembers. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the noise stream stands. */
  readonly random: RandomState;
}

/** One run through a schedule: owns everything that changes. */
export interface SamplingRun {
  /** What the model is told at each step, in order; length is the number of model evaluations. */
  readonly timesteps: readonly number[];
  /** Standard deviation that the start noise is scaled to. */
  readonly initialSigma: number;
  /** The sample as the model wants to see it at step `index`. Always a new array, which the caller may give away. */
  scaleInput(sample: Float32Array, index: number): Float32Array;
  /**
   * One step: from the model's output on the scaled sample to the next sample. Does not change its arguments. Steps
   * are taken in order, each once.
   * @throws `invalid-options` when `index` is not the next step or the arrays differ in length.
   */
  step(output: Float32Array, sample: Float32Array, index: number): SamplingStep;
  /** Clean latents noised to the level of step `index`. */
  addNoise(clean: Float32Array, noise: Float32Array, index: number): Float32Array;
  /** Where the run stands, to be resumed later. A copy: going on does not change it. */
  state(): SchedulerState;
}

/**
 * A sampler: immutable configuration. `start()` gives a run that owns everything mutable, so one scheduler serves any
 * number of generations. A plugin is a factory that returns an object literal of this shape.
 */
export interface Scheduler {
  readonly contract: 'scheduler/1';
  readonly name: string;
  /** The resolved options, as plain data. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Begins a run. @throws `invalid-options` when steps or strength are out of range or leave nothing to do. */
  start(request: SamplingRequest): SamplingRun;
  /**
   * Continues a run from `state()`, bit-exactly.
   * @throws `invalid-options` when the state is of another sampler or does not fit the request.
   */
  resume(request: ResumeRequest, state: SchedulerState): SamplingRun;
}
