import { AnimateDiffPipeline, float32Tensor, torchRandom } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import type { Quantization } from '../src/models/quantization.js';
import { secondsOf } from './median.js';
import { memoryUse } from './memory.js';
import { portableBackend } from './portable-backend.js';
import type { RandomModel } from './random-model.js';

/** What a process of its own evaluates, again and again. */
export interface CaseTask {
  readonly model: RandomModel;
  /** Folder of the weights cache. */
  readonly cache: string;
  readonly threads: number;
  readonly frames: number;
  /** Side of the square frames, in pixels. */
  readonly pixels: number;
  /** Writes the graph from portable operators alone. */
  readonly unfused?: boolean | undefined;
  /** How the weights of linear layers are stored; default float32. */
  readonly quantization?: Quantization | undefined;
}

/** Told after loading, and after each evaluation. */
export interface CaseReport {
  readonly seconds: number;
  readonly residentBytes: number;
  readonly peakBytes: number;
}

process.once('message', (task) => void serve(task as CaseTask));

async function serve(task: CaseTask): Promise<void> {
  const { model, cache, threads, frames, pixels, unfused, quantization } = task;
  const own = ortNode({ threads, weightsCache: { directory: cache } });
  const backend = unfused ? portableBackend(own) : own;
  let pipeline!: AnimateDiffPipeline;
  const loadSeconds = await secondsOf(async () => {
    pipeline = await AnimateDiffPipeline.load({
      backend,
      checkpoint: fileSource(model.checkpoint),
      motionModule: fileSource(model.motionModule),
      quantization,
    });
  });
  report(loadSeconds);
  const { unet, vae } = pipeline.components;
  const side = pixels / vae.latentScale;
  const sample = float32Tensor(torchRandom(1).normal(4 * frames * side * side), [1, 4, frames, side, side]);
  const context = float32Tensor(torchRandom(2).normal(77 * 768), [1, 77, 768]);
  process.on('message', (message) => {
    if (message === 'end') void pipeline.dispose().then(() => process.exit(0));
    else void secondsOf(() => unet.predict({ sample, timestep: 500, context })).then(report);
  });
}

function report(seconds: number): void {
  const { resident, peak } = memoryUse();
  process.send?.({ seconds, residentBytes: resident, peakBytes: peak } satisfies CaseReport);
}
