/** The Node door: files on disk, ONNX Runtime's native library, ffmpeg. */

export { fileSource } from './core/file-source-node.js';
