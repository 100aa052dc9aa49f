import type { LoadProgress } from '../core/progress.js';
import type { Float32Tensor } from '../core/tensor.js';
import type { Warning } from '../core/warnings.js';
import type { Frame } from '../media/frame.js';
import type { GenerationState } from './generation-state.js';

/** A finished animation. */
export interface Animation {
  /** RGBA frames in order. */
  readonly frames: readonly Frame[];
  /** Frames a second. */
  readonly fps: number;
  /** The seed that was used, also when it was drawn; with the same options it makes the same frames. */
  readonly seed: number;
  /** The final latents `[1, 4, frames, height/8, width/8]`, scaled as the UNet sees them. */
  readonly latents: Float32Tensor;
  /** What was noticed while loading and generating. */
  readonly warnings: readonly Warning[];
}

/** A generation begins: all options are resolved. */
export interface GenerationStartEvent {
  readonly type: 'generation-start';
  /** The seed given or drawn. */
  readonly seed: number;
  /** Frames of the animation; Infinity when it is endless. */
  readonly numFrames: number;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Name of the sampler. */
  readonly scheduler: string;
  /** Timesteps in the order in which they are visited. */
  readonly timesteps: readonly number[];
  /** The start noise, scaled as the sampler wants it; of an endless animation that of the first window. */
  readonly latents: Float32Tensor;
}

/** Something to know that does not stop the work. */
export interface WarningEvent {
  readonly type: 'warning';
  /** What was noticed. */
  readonly warning: Warning;
}

/** A network is being brought into memory during a generation. */
export interface LoadProgressEvent {
  readonly type: 'load-progress';
  /** How far the load is. */
  readonly progress: LoadProgress;
}

/** One denoising step is done; of an endless animation, one of its first frame. */
export interface StepEndEvent {
  readonly type: 'step-end';
  /** Index of the step, from 0. */
  readonly step: number;
  /** Number of steps. */
  readonly steps: number;
  /** The step's timestep, as the UNet was told. */
  readonly timestep: number;
  /** Latents after the step, `[1, 4, frames, height/8, width/8]`; a copy to keep. */
  readonly latents: Float32Tensor;
  /** The clean latents that the step predicts, in the same shape: what a preview shows. */
  readonly denoised: Float32Tensor;
  /** Pictures of `denoised`, one a frame, at the steps that the option `preview` asks for: `linear` of latent size, `vae` of full size. */
  readonly preview?: readonly Frame[] | undefined;
  /** Estimated seconds until the last step ends; `undefined` until it can be told. */
  readonly secondsLeft: number | undefined;
}

/** All that is needed to go on from here later, also in another process: see `AnimateDiffPipeline.resume`. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  /** Index of the step that is done. */
  readonly step: number;
  /** Plain data; `encodeGenerationState` makes bytes of it. */
  readonly state: GenerationState;
}

/** One frame is a picture now. */
export interface FrameDecodedEvent {
  readonly type: 'frame-decoded';
  /** Index of the frame, from 0. */
  readonly frame: number;
  /** Number of frames; Infinity when it is endless. */
  readonly frames: number;
  /** The picture in RGBA bytes. */
  readonly image: Frame;
  /** The same picture `[3, height, width]` as float32 in 0 to 1, before rounding to bytes. */
  readonly pixels: Float32Tensor;
  /** Estimated seconds until the last frame is decoded; `undefined` until it can be told. */
  readonly secondsLeft: number | undefined;
}

/** A generation is complete: always the last event. */
export interface GenerationEndEvent {
  readonly type: 'generation-end';
  /** The result. */
  readonly animation: Animation;
}

/** What `stream` gives, in order: start, then warnings and progress among the steps, then frames, then the end. */
export type PipelineEvent =
  | GenerationStartEvent
  | WarningEvent
  | LoadProgressEvent
  | StepEndEvent
  | CheckpointEvent
  | FrameDecodedEvent
  | GenerationEndEvent;

/** Event by the name of its type. */
export type PipelineEventOf<T extends PipelineEvent['type']> = Extract<PipelineEvent, { type: T }>;
