/** The Node door: files on disk, ONNX Runtime's native library, ffmpeg. */

export { ortNode } from './backends/ort-node.js';
export type { OrtNodeOptions } from './backends/ort-node-options.js';
export { fileSource } from './core/file-source-node.js';
export { encodeMp4, type Mp4Options, mp4Encoder, writeMp4 } from './media/mp4-node.js';
