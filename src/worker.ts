/** The worker door: what a worker's own file serves to the page that started it. */

export { serveBackend } from './backends/worker/serve-backend.js';
export type { PortLike } from './core/port/port.js';
export { type MakeBackend, servePipeline } from './pipeline/remote/serve-pipeline.js';
