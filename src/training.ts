/** The training door: domain adapters, motion modules and MotionLoRAs from clips, wherever the networks run. */

export type { TrainingClip } from './training/clip.js';
export type { LatentCache } from './training/latent-cache.js';
export type { LearningRateSchedule } from './training/learning-rate.js';
export { type LossCurveOptions, lossCurve } from './training/loss-curve.js';
export type { TrainedPrediction } from './training/noise-objective.js';
export { type DomainAdapterOptions, trainDomainAdapter } from './training/train-domain-adapter.js';
export { type MotionLoraOptions, trainMotionLora } from './training/train-motion-lora.js';
export { type MotionModuleOptions, trainMotionModule } from './training/train-motion-module.js';
export type { TrainingResult } from './training/train-unet.js';
export type {
  ClipEncodedEvent,
  TrainingCheckpointEvent,
  TrainingEvent,
  TrainingSampleEvent,
  TrainingStartEvent,
  TrainingStepEvent,
} from './training/training-events.js';
export type { ClipTrainingOptions, TrainingOptions } from './training/training-options.js';
