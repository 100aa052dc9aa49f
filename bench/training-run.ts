import { AnimateDiffPipeline, type Backend, type Frame, float32Tensor, torchRandom } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { trainMotionLora } from 'animatediff-js/training';
import { median, secondsOf } from './median.js';
import { memoryUse } from './memory.js';
import { portableBackend } from './portable-backend.js';
import type { RandomModel } from './random-model.js';

/** What one process is to do. */
export interface TrainingTask {
  readonly kind: 'fused' | 'portable' | 'step' | 'recomputed';
  readonly model: RandomModel;
  /** Folder of the weights cache. */
  readonly cache: string;
  readonly threads: number;
  readonly frames: number;
  /** Side of the square frames. */
  readonly pixels: number;
  /** Evaluations or steps, of which the middle one counts; one before them does not. */
  readonly repeats: number;
}

/** Time and memory of one evaluation or step. */
export interface TrainingCost {
  readonly seconds: number;
  /** Of all cores together. */
  readonly cpuSeconds: number;
  /** Largest resident set of the process. */
  readonly peakBytes: number;
  /** Largest private memory that was seen, fifty times a second: without the mapped weights. */
  readonly privatePeakBytes: number;
  /** Until the first of them could begin. */
  readonly loadSeconds: number;
}

process.once('message', async (task: TrainingTask) => {
  const own = ortNode({ threads: task.threads, weightsCache: { directory: task.cache } });
  const result = await (task.kind === 'fused' || task.kind === 'portable' ? evaluations : steps)(own, task);
  await own.dispose();
  process.send!(result, () => process.disconnect());
});

async function evaluations(
  own: Backend,
  { kind, model, frames, pixels, repeats }: TrainingTask,
): Promise<TrainingCost> {
  const measure = measurement();
  const backend = kind === 'fused' ? own : portableBackend(own);
  const pipeline = await AnimateDiffPipeline.load({
    backend,
    checkpoint: fileSource(model.checkpoint),
    motionModule: fileSource(model.motionModule),
    residency: 'unet',
  });
  const { unet, vae } = pipeline.components;
  const side = pixels / vae.latentScale;
  const sample = float32Tensor(torchRandom(1).normal(4 * frames * side * side), [1, 4, frames, side, side]);
  const context = await pipeline.components.textEncoder.encode(['a corgi on a beach']);
  // The first includes loading.
  for (let i = 0; i <= repeats; i++) {
    const seconds = await secondsOf(() => unet.predict({ sample, timestep: 500, context }));
    measure.done(seconds);
  }
  await pipeline.dispose();
  return measure.end();
}

async function steps(backend: Backend, task: TrainingTask): Promise<TrainingCost> {
  const measure = measurement();
  let before = performance.now();
  await trainMotionLora({
    backend,
    checkpoint: fileSource(task.model.checkpoint),
    motionModule: fileSource(task.model.motionModule),
    clips: [{ name: 'noise', caption: 'a corgi on a beach', frames: noise(task) }],
    numFrames: task.frames,
    steps: task.repeats + 1,
    recompute: task.kind === 'recomputed',
    onEvent({ type }) {
      if (type === 'training-step') measure.done((performance.now() - before) / 1000);
      before = performance.now();
    },
  });
  return measure.end();
}

function noise({ frames, pixels }: TrainingTask): Frame[] {
  return Array.from({ length: frames }, (_, frame) => {
    const values = torchRandom(frame).normal(pixels * pixels * 4);
    const data = Uint8ClampedArray.from(values, (value, i) => (i % 4 === 3 ? 255 : 128 + 60 * value));
    return { width: pixels, height: pixels, data };
  });
}

/** Takes times and memory down from its creation on. */
function measurement(): { done(seconds: number): void; end(): TrainingCost } {
  const start = performance.now();
  const found: { readonly seconds: number; readonly cpuSeconds: number }[] = [];
  let loadSeconds = 0;
  let cpu = process.cpuUsage();
  let privatePeakBytes = 0;
  const watch = setInterval(() => {
    privatePeakBytes = Math.max(privatePeakBytes, memoryUse().privateBytes);
  }, 20);
  return {
    done(seconds) {
      const { user, system } = process.cpuUsage(cpu);
      cpu = process.cpuUsage();
      found.push({ seconds, cpuSeconds: (user + system) / 1e6 });
      if (found.length === 1) loadSeconds = (performance.now() - start) / 1000 - seconds;
    },
    end() {
      clearInterval(watch);
      const counted = found.slice(1);
      return {
        seconds: median(counted.map((each) => each.seconds)),
        cpuSeconds: median(counted.map((each) => each.cpuSeconds)),
        peakBytes: memoryUse().peak,
        privatePeakBytes,
        loadSeconds,
      };
    },
  };
}
