/** The web door: ONNX Runtime on pages and in workers. */

export { ortWeb } from './backends/ort-web.js';
export type { OrtWebLimits, OrtWebOptions, OrtWebWasmPaths } from './backends/ort-web-options.js';
export { workerBackend } from './backends/worker/worker-backend.js';
export {
  type CachedFile,
  type CachedFilesClearing,
  cachedFiles,
  clearCachedFiles,
} from './core/cached/cached-files.js';
export { cachedSource } from './core/cached/cached-source.js';
export type { CachedSourceOptions, CacheProgress } from './core/cached/cached-source-options.js';
export type { PortLike } from './core/port/port.js';
export { encodeMp4, type Mp4Codec, type Mp4Options, mp4Encoder } from './media/mp4-web.js';
export { workerPipeline } from './pipeline/remote/worker-pipeline.js';
export type { WorkerPipeline } from './pipeline/remote/worker-pipeline-contract.js';
export type {
  EncodeRequest,
  SchedulerChoice,
  WorkerEndlessOptions,
  WorkerGenerateOptions,
  WorkerPipelineOptions,
} from './pipeline/remote/worker-pipeline-options.js';
