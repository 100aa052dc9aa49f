import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AnimateDiffPipeline } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { memoryUse } from './memory.js';
import type { RandomModel } from './random-model.js';

/** What one process is to do. */
export type LongTask = {
  readonly model: RandomModel;
  /** Folder of the weights cache. */
  readonly cache: string;
  readonly threads: number;
  readonly pixels: number;
} & (
  | { readonly kind: 'generate'; readonly frames: number }
  /** Frames after which memory is looked at. */
  | { readonly kind: 'endless'; readonly at: readonly [number, number] }
);

/** Memory of a generation, in bytes. */
export interface RunMemory {
  readonly frames: number;
  /** Largest resident set of the process: mapped weights, the runtime and all else. */
  readonly peakBytes: number;
  /** Largest private memory that was seen, fifty times a second: without the mapped weights. */
  readonly privatePeakBytes: number;
  /** Of the animation's latents. */
  readonly latentBytes: number;
  /** Of its pictures. */
  readonly frameBytes: number;
  readonly seconds: number;
}

/** Private memory of endless frames, in bytes, garbage collected. */
export interface EndlessMemory {
  readonly at: readonly [number, number];
  readonly privateBytes: readonly [number, number];
  readonly seconds: number;
}

process.once('message', async (task: LongTask) => {
  const backend = ortNode({ threads: task.threads, weightsCache: { directory: task.cache } });
  const pipeline = await AnimateDiffPipeline.load({
    backend,
    checkpoint: fileSource(task.model.checkpoint),
    motionModule: fileSource(task.model.motionModule),
  });
  const result = task.kind === 'generate' ? await generated(pipeline, task) : await endlessly(pipeline, task);
  await pipeline.dispose();
  await backend.dispose();
  process.send!(result, () => process.disconnect());
});

async function generated(
  pipeline: AnimateDiffPipeline,
  { frames, pixels }: { readonly frames: number; readonly pixels: number },
): Promise<RunMemory> {
  let privatePeakBytes = 0;
  const watch = setInterval(() => {
    privatePeakBytes = Math.max(privatePeakBytes, memoryUse().privateBytes);
  }, 20);
  const before = performance.now();
  const animation = await pipeline.generate({
    prompt: 'a corgi on a beach',
    numFrames: frames,
    width: pixels,
    height: pixels,
    context: { length: 16 },
    numInferenceSteps: 2,
    guidanceScale: 1,
    seed: 1,
  });
  clearInterval(watch);
  return {
    frames: animation.frames.length,
    peakBytes: memoryUse().peak,
    privatePeakBytes,
    latentBytes: animation.latents.data.byteLength,
    frameBytes: animation.frames.reduce((sum, { data }) => sum + data.byteLength, 0),
    seconds: (performance.now() - before) / 1000,
  };
}

async function endlessly(
  pipeline: AnimateDiffPipeline,
  { at, pixels }: { readonly at: readonly [number, number]; readonly pixels: number },
): Promise<EndlessMemory> {
  const before = performance.now();
  const seen: number[] = [];
  const endless = pipeline.endless({
    prompt: (frame) => `a corgi on a beach, ${frame} steps from the sea`,
    numInferenceSteps: 4,
    windowLength: 4,
    lookahead: false,
    guidanceScale: 1,
    width: pixels,
    height: pixels,
    seed: 1,
  });
  for await (const event of endless) {
    if (event.type !== 'frame-decoded' || !at.includes(event.frame + 1)) continue;
    seen.push(await settledPrivateBytes());
    if (seen.length === at.length) break;
  }
  const [first = 0, last = 0] = seen;
  return { at, privateBytes: [first, last], seconds: (performance.now() - before) / 1000 };
}

/** Private memory once garbage is collected: the lowest of a few looks. */
async function settledPrivateBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let lowest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 5; look++) {
    collect();
    await wait(50);
    lowest = Math.min(lowest, memoryUse().privateBytes);
  }
  return lowest;
}
