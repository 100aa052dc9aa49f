/** The root door: the pipeline, its parts and what they are made of. Touches no runtime; works anywhere. */

export type {
  Backend,
  BackendCapabilities,
  CreateSessionOptions,
  ExternalTensor,
  ExternalWeights,
  FusedOperator,
  ModelArtifact,
  Session,
  TensorSpec,
} from './backends/backend.js';
export { blobSource } from './core/blob-source.js';
export { bytesSource } from './core/bytes-source.js';
export { AnimateDiffError, type AnimateDiffErrorCode, type AnimateDiffErrorDetails } from './core/errors.js';
export { filesSource } from './core/files-source.js';
export type { LoadProgress, OnLoadProgress } from './core/progress.js';
export type { RandomSource, RandomState } from './core/random.js';
export type { ByteSource, FolderSource, ModelSource, ReadOptions } from './core/source.js';
export {
  type Float32Tensor,
  float32Tensor,
  type Tensor,
  type TensorData,
  type TensorType,
} from './core/tensor.js';
export { randomSeed, restoreTorchRandom, torchRandom } from './core/torch-random.js';
export { urlSource } from './core/url-source.js';
export type { UrlSourceOptions } from './core/url-source-options.js';
export type { Warning } from './core/warnings.js';
export type { Frame } from './media/frame.js';
export type { JsonConfig } from './models/config-fields.js';
export type { MotionGroupNorm } from './models/unet-config.js';
export { AnimateDiffPipeline, type PipelineInfo } from './pipeline/animate-diff-pipeline.js';
export type { ComponentOptions } from './pipeline/component-options.js';
export type { PipelineComponents } from './pipeline/components.js';
export type {
  Animation,
  FrameDecodedEvent,
  GenerationEndEvent,
  GenerationStartEvent,
  LoadProgressEvent,
  PipelineEvent,
  PipelineEventOf,
  StepEndEvent,
  WarningEvent,
} from './pipeline/events.js';
export type { GenerateOptions, GuidanceBatching } from './pipeline/generate-options.js';
export type { ConfigOverrides, LoadOptions, ModelOptions, Residency } from './pipeline/load-options.js';
export type { NetworkName } from './pipeline/networks.js';
export type { MemoryPlan, NetworkPlan, PlanOptions } from './pipeline/plan.js';
export type { TextEncoder } from './pipeline/text-encoder.js';
export type { Unet, UnetInput } from './pipeline/unet.js';
export type { Vae } from './pipeline/vae.js';
export { ddim } from './schedulers/ddim.js';
export type { DdimOptions } from './schedulers/ddim-options.js';
export type { BetaSchedule } from './schedulers/noise-schedule.js';
export type { PredictionType } from './schedulers/prediction.js';
export { motionModulePreset, type PresetVersion, type SamplingPreset } from './schedulers/presets.js';
export type {
  SamplingRequest,
  SamplingRun,
  SamplingStep,
  Scheduler,
  SchedulerState,
} from './schedulers/scheduler.js';
export { type ConfiguredScheduler, schedulerFromConfig } from './schedulers/scheduler-config.js';
export type { TimestepSpacing } from './schedulers/timesteps.js';
export type { ClipTokenizer, EncodedPrompt } from './text/clip-tokenizer.js';
export { type ClipTokenizerFiles, clipTokenizerFromFiles } from './text/clip-tokenizer-files.js';
export { clipTokenizer } from './text/embedded-clip-tokenizer.js';
export { type FileIdentity, identify } from './weights/identify.js';
export { openWeights } from './weights/open-weights.js';
export type { RawTensor, TensorEntry, WeightStore, WeightType } from './weights/weight-store.js';
