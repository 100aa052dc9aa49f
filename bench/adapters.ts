import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Adapter,
  type AdapterMode,
  AnimateDiffPipeline,
  float32Tensor,
  lora,
  torchRandom,
} from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { median, secondsOf } from './median.js';
import { memoryUse } from './memory.js';
import { attentionBytes, type RandomModel, writeRandomLora } from './random-model.js';
import type { AdaptersResult, LiveCost } from './result.js';

/** What the adapters' part is told. */
export interface AdaptersBenchOptions {
  readonly folder: string;
  readonly threads: number;
  readonly repeats: number;
  /** `[frames, pixels]` of the evaluations. */
  readonly size: readonly [number, number];
  note(text: string): void;
}

const ranks = [4, 16, 64, 128];

/** Bytes a second that this thread copies: what any merge that reads and writes its weights is limited by. */
function copyRate(): number {
  const source = new Float32Array(2 ** 26).fill(1);
  const target = new Float32Array(source.length);
  const seconds: number[] = [];
  for (let i = 0; i < 5; i++) {
    const before = performance.now();
    target.set(source);
    seconds.push((performance.now() - before) / 1000);
  }
  return (2 * source.byteLength) / median(seconds);
}

/** Changing adapters of full size against loading everything again, and what live ones cost a step. */
export async function benchAdapters(
  model: RandomModel,
  options: AdaptersBenchOptions,
): Promise<AdaptersResult> {
  const { folder, threads, note } = options;
  const files = new Map<number, string>();
  for (const rank of ranks) files.set(rank, await writeRandomLora(folder, rank));
  const adapter = (rank: number, mode: AdapterMode, scale = 1): Adapter =>
    lora(fileSource(files.get(rank)!), { mode, scale, name: 'style' });
  const cache = mkdtempSync(join(folder, 'cache-'));
  const backend = ortNode({ threads, weightsCache: { directory: cache } });
  const load = (adapters: Adapter[]): Promise<AnimateDiffPipeline> =>
    AnimateDiffPipeline.load({
      backend,
      checkpoint: fileSource(model.checkpoint),
      motionModule: fileSource(model.motionModule),
      adapters,
    });
  try {
    note('adapters: loading with a fused LoRA of rank 16, cache empty');
    let pipeline!: AnimateDiffPipeline;
    const coldReload = await secondsOf(async () => {
      pipeline = await load([adapter(16, 'fused')]);
    });
    const [{ layers } = { layers: 0 }] = pipeline.adapters.list();
    note('adapters: fused scales');
    const before = memoryUse().privateBytes;
    const fused: number[] = [];
    let largest = 0;
    const watch = setInterval(() => {
      largest = Math.max(largest, memoryUse().privateBytes);
    }, 20);
    for (const scale of [0.5, 0.75, 1.25]) {
      fused.push(await secondsOf(() => pipeline.adapters.setScale('style', scale)));
    }
    clearInterval(watch);
    await pipeline.dispose();
    note('adapters: loading with another scale, cache full');
    const warmReload = await secondsOf(async () => {
      pipeline = await load([adapter(16, 'fused', 0.6)]);
    });
    const fusedSeconds = await evaluationSeconds(pipeline, options);
    const fusedPrivateBytes = memoryUse().privateBytes;
    const plainSessionSeconds = await secondsOf(() => pipeline.adapters.remove('style'));
    note('adapters: live');
    const plain = await evaluationSeconds(pipeline, options);
    const plainPrivateBytes = memoryUse().privateBytes;
    const live: LiveCost[] = [];
    let liveScale = Number.NaN;
    for (const rank of ranks) {
      const addSeconds = await secondsOf(() => pipeline.adapters.add(adapter(rank, 'live', 0.8)));
      const seconds = await evaluationSeconds(pipeline, options);
      if (rank === 16) {
        const all: number[] = [];
        for (const scale of [0.2, 0.4, 0.6]) {
          all.push(await secondsOf(() => pipeline.adapters.setScale('style', scale)));
        }
        liveScale = median(all);
      }
      await pipeline.adapters.remove('style');
      // Plain and live in turns: a machine with other work drifts.
      const again = await evaluationSeconds(pipeline, options);
      live.push({ rank, addSeconds, seconds, plainSeconds: (plain + again) / 2 });
    }
    await pipeline.dispose();
    return {
      layers,
      coldReloadSeconds: coldReload,
      warmReloadSeconds: warmReload,
      fusedScaleSeconds: median(fused),
      fusedExtraBytes: largest - before,
      plainSessionSeconds,
      touchedBytes: await attentionBytes(),
      copyRate: copyRate(),
      fusedSeconds,
      plainSeconds: plain,
      fusedPrivateBytes,
      plainPrivateBytes,
      liveScaleSeconds: liveScale,
      size: options.size,
      live,
    };
  } finally {
    await backend.dispose();
    rmSync(cache, { recursive: true, force: true });
  }
}

async function evaluationSeconds(
  { components }: AnimateDiffPipeline,
  { size: [frames, pixels], repeats }: AdaptersBenchOptions,
): Promise<number> {
  const side = pixels / components.vae.latentScale;
  const sample = float32Tensor(torchRandom(1).normal(4 * frames * side * side), [1, 4, frames, side, side]);
  const context = float32Tensor(torchRandom(2).normal(77 * 768), [1, 77, 768]);
  const all: number[] = [];
  // As in a generation: what was sent for the first evaluation stays.
  const memory = components.unet.memory();
  for (let i = 0; i <= repeats; i++) {
    const seconds = await secondsOf(() =>
      components.unet.predict({ sample, timestep: 500, context }, { memory }),
    );
    if (i > 0) all.push(seconds);
  }
  memory?.dispose();
  return median(all);
}
