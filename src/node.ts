/** The Node door: files on disk, ONNX Runtime's native library, ffmpeg. */

export {
  type DeviceReport,
  describeNodeRuntime,
  type NodeRuntimeReport,
} from './backends/node-runtime-node.js';
export { ortNode } from './backends/ort-node.js';
export type { OrtNodeOptions, WeightsCacheOptions } from './backends/ort-node-options.js';
export {
  type CacheClearing,
  type CacheListing,
  type CacheSelection,
  clearCache,
  listCache,
} from './backends/weights/cache-admin-node.js';
export { fileSource } from './core/file-source-node.js';
export { encodeMp4, type Mp4Options, mp4Encoder, writeMp4 } from './media/mp4-node.js';
export { type ReadFilesOptions, readFrames } from './media/read-frames-node.js';
export { folderLatentCache } from './training/latent-cache-node.js';
export { readTrainingClips } from './training/read-clips-node.js';
