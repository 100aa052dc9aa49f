/** The root door: the pipeline, its parts and what they are made of. Touches no runtime; works anywhere. */

export {
  type Adapter,
  domainAdapter,
  lora,
  motionLora,
  type TextualInversionAdapter,
  textualInversion,
  type WeightAdapter,
  type WeightAdapterKind,
} from './adapters/adapter.js';
export type { AdapterOptions, TextualInversionOptions } from './adapters/adapter-options.js';
export type { AdapterMode, AdapterScale, AdapterScales } from './adapters/adapter-scale.js';
export type { AdapterSchedule, SchedulePoint } from './adapters/adapter-schedule.js';
export { type LoadAdapterOptions, loadAdapter } from './adapters/load-adapter.js';
export type {
  Backend,
  BackendCapabilities,
  CreateSessionOptions,
  ExternalTensor,
  ExternalWeights,
  Feed,
  FusedOperator,
  HeldTensor,
  ModelArtifact,
  RunOptions,
  Session,
  TensorForm,
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
export type { Precision } from './models/precision.js';
export type { Quantization } from './models/quantization.js';
export type { MotionGroupNorm } from './models/unet-config.js';
export type { FreeUVersion } from './models/unet-form.js';
export type { FreeInitFilter, FreeInitOptions } from './noise/free-init-options.js';
export type { InterpolatedStartOptions, InterpolationMethod } from './noise/interpolation-options.js';
export type { NoiseOrder, StartNoise, StartNoiseKind } from './noise/start-noise-options.js';
export type { AdapterInfo } from './pipeline/adapter-info.js';
export type { AdapterChangeOptions, AdapterStack } from './pipeline/adapter-stack.js';
export { AnimateDiffPipeline } from './pipeline/animate-diff-pipeline.js';
export type {
  BatchEvent,
  BatchItem,
  BatchJob,
  BatchOptions,
  JobErrorEvent,
} from './pipeline/batch-options.js';
export type { ComponentOptions } from './pipeline/component-options.js';
export type { PipelineComponents } from './pipeline/components.js';
export type { DeepFeatures } from './pipeline/deep-cache.js';
export type { DeepCacheOptions } from './pipeline/deep-cache-options.js';
export type { EndlessOptions, EndlessPrompt } from './pipeline/endless-options.js';
export type {
  Animation,
  CheckpointEvent,
  FrameDecodedEvent,
  GenerationEndEvent,
  GenerationStartEvent,
  LoadProgressEvent,
  PipelineEvent,
  PipelineEventOf,
  StepEndEvent,
  WarningEvent,
} from './pipeline/events.js';
export type { FeedMemory } from './pipeline/feed-memory.js';
export type { FreeUOptions } from './pipeline/free-u-options.js';
export type { GenerateOptions, GuidanceBatching } from './pipeline/generate-options.js';
export {
  decodeGenerationState,
  encodeGenerationState,
  type GenerationState,
} from './pipeline/generation-state.js';
export type { ConfigOverrides, LoadOptions, ModelOptions, Residency } from './pipeline/load-options.js';
export type { BlockAmounts, FrameAmounts, MotionAmount } from './pipeline/motion-amounts.js';
export type { NetworkName } from './pipeline/networks.js';
export type { NoiseInjection } from './pipeline/noise-injection.js';
export type { PipelineInfo } from './pipeline/pipeline-info.js';
export type { MemoryPlan, NetworkPlan, PlanOptions } from './pipeline/plan.js';
export type { Preview } from './pipeline/preview-options.js';
export type { LongPrompts, PromptSyntax } from './pipeline/prompt-options.js';
export type { InsertedVectors } from './pipeline/prompt-row.js';
export type { StartImage } from './pipeline/start-image.js';
export type { TextEncodeOptions, TextEncoder, TextRow } from './pipeline/text-encoder.js';
export type {
  PromptKeyframe,
  PromptTravel,
  TravelFrame,
  TravelInterpolation,
  TravelPrompt,
} from './pipeline/travel-options.js';
export type { PredictOptions, Unet, UnetInput } from './pipeline/unet.js';
export type { OnNonFinite } from './pipeline/unet-guard.js';
export type { Vae, VaeOptions } from './pipeline/vae.js';
export type { VaeTileOptions, VaeTiling } from './pipeline/vae-tiling.js';
export type { ConsistencyOptions } from './schedulers/consistency-schedule.js';
export { type DdimOptions, ddim } from './schedulers/ddim.js';
export { type DdpmOptions, ddpm } from './schedulers/ddpm.js';
export { type DeisOptions, deis } from './schedulers/deis.js';
export type { SpacingOptions } from './schedulers/discrete-schedule.js';
export type { DpmSolverOptions } from './schedulers/dpm-options.js';
export { type DpmSolverMultistepOptions, dpmSolverMultistep } from './schedulers/dpm-solver-multistep.js';
export { type DpmSolverSinglestepOptions, dpmSolverSinglestep } from './schedulers/dpm-solver-singlestep.js';
export type { DpmAlgorithm } from './schedulers/dpm-update.js';
export { type EulerOptions, euler } from './schedulers/euler.js';
export { type EulerAncestralOptions, eulerAncestral } from './schedulers/euler-ancestral.js';
export { type HeunOptions, heun } from './schedulers/heun.js';
export { type Kdpm2Options, kdpm2 } from './schedulers/kdpm2.js';
export { type Kdpm2AncestralOptions, kdpm2Ancestral } from './schedulers/kdpm2-ancestral.js';
export { type LcmOptions, lcm } from './schedulers/lcm.js';
export type { ClipOptions, ThresholdOptions } from './schedulers/limit-options.js';
export { type LmsOptions, lms } from './schedulers/lms.js';
export type { NoiseOptions } from './schedulers/noise-options.js';
export type { BetaSchedule } from './schedulers/noise-schedule.js';
export { type PndmOptions, pndm } from './schedulers/pndm.js';
export type { PredictionType } from './schedulers/prediction.js';
export {
  motionModulePreset,
  type PresetOverrides,
  type PresetVersion,
  type SamplingPreset,
  type SchedulerFactory,
} from './schedulers/presets.js';
export type {
  ResumeRequest,
  SamplingRequest,
  SamplingRun,
  SamplingStep,
  Scheduler,
  SchedulerState,
} from './schedulers/scheduler.js';
export { type ConfiguredScheduler, schedulerFromConfig } from './schedulers/scheduler-config.js';
export { comfyBetaSchedule, schedulerFromName } from './schedulers/scheduler-names.js';
export type { SigmaOptions } from './schedulers/sigma-options.js';
export type { SolverOptions } from './schedulers/solver-schedule.js';
export { type TcdOptions, tcd } from './schedulers/tcd.js';
export type { TimestepSpacing } from './schedulers/timesteps.js';
export { type UniPCOptions, uniPC } from './schedulers/uni-pc.js';
export type { ClipTokenizer, EncodedPrompt } from './text/clip-tokenizer.js';
export { type ClipTokenizerFiles, clipTokenizerFromFiles } from './text/clip-tokenizer-files.js';
export { clipTokenizer } from './text/embedded-clip-tokenizer.js';
export type { Emphasis } from './text/emphasis.js';
export { type FileIdentity, identify } from './weights/identify.js';
export { openWeights } from './weights/open-weights.js';
export type { RawTensor, TensorEntry, WeightStore, WeightType } from './weights/weight-store.js';
export type {
  ContextOptions,
  ResolvedContext,
  WindowFuse,
  WindowSchedule,
} from './windows/context-options.js';
export {
  describeWindows,
  type StepWindows,
  type WindowPlan,
  type WindowRun,
} from './windows/describe-windows.js';
export type { ViewOptions } from './windows/view-options.js';
