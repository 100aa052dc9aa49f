/** The model is loaded and the clips are encoded; steps begin. */
export interface TrainingStartEvent {
  readonly type: 'training-start';
  /** Steps in all. */
  readonly steps: number;
  /** The first step, counted from 0: above 0 for a run that goes on. */
  readonly from: number;
  /** Numbers that are trained. */
  readonly parameters: number;
}

/** A clip's latents are there. */
export interface ClipEncodedEvent {
  readonly type: 'clip-encoded';
  /** The clip's name. */
  readonly clip: string;
  /** Clips done. */
  readonly done: number;
  /** Clips in all. */
  readonly total: number;
  /** Whether they were found in the cache. */
  readonly cached: boolean;
}

/** A step of the optimiser is done. */
export interface TrainingStepEvent {
  readonly type: 'training-step';
  /** Its number, counted from 0. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** Mean squared error, weighed, over all that the step saw. */
  readonly loss: number;
  /** Length of the gradient before it was shortened. */
  readonly gradientNorm: number;
  /** The step's learning rate. */
  readonly learningRate: number;
}

/** A point from which the run can go on. */
export interface TrainingCheckpointEvent {
  readonly type: 'checkpoint';
  /** Steps done. */
  readonly step: number;
  /** What `resume` takes: a safetensors file. */
  readonly bytes: Uint8Array;
  /** What has been learned so far, as the result of the run would hold it: for samples on the way. */
  readonly file: Uint8Array;
}

/** A point at which samples are wanted. */
export interface TrainingSampleEvent {
  readonly type: 'training-sample';
  /** Steps done. */
  readonly step: number;
  /** What has been learned so far, as the result of the run would hold it. */
  readonly file: Uint8Array;
}

/** What a training run tells. */
export type TrainingEvent =
  | TrainingStartEvent
  | ClipEncodedEvent
  | TrainingStepEvent
  | TrainingCheckpointEvent
  | TrainingSampleEvent;
