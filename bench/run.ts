import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AnimateDiffPipeline, float32Tensor, torchRandom } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { storeWeights } from '../src/models/store-weights.js';
import { readUnetConfig, type UnetConfig } from '../src/models/unet-config.js';
import { openCheckpoint } from '../src/weights/checkpoint.js';
import { openMotionModule } from '../src/weights/motion-module.js';
import { benchAdapters } from './adapters.js';
import { benchCases, type CasesOptions } from './cases.js';
import { unetFlops } from './flops.js';
import { benchGeneration } from './generation.js';
import { growthPlot } from './growth-plot.js';
import { benchLong } from './long.js';
import { type MachinePeak, machinePeak } from './machine-peak.js';
import { secondsOf } from './median.js';
import { memoryUse } from './memory.js';
import { type RandomModel, writeRandomModel } from './random-model.js';
import {
  adaptersText,
  casesText,
  generationText,
  longText,
  reportText,
  schedulersText,
  trainingText,
} from './report.js';
import type { BenchResult, CasesResult } from './result.js';
import { benchSchedulers } from './schedulers.js';
import { benchTraining } from './training.js';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    clean: { type: 'boolean', default: false },
    python: { type: 'string' },
    sizes: { type: 'string' },
    plot: { type: 'string' },
    prepack: { type: 'boolean', default: false },
    reduced: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '3' },
    folder: { type: 'string', default: join(tmpdir(), 'animatediff-js-bench') },
  },
});

/** For `--quick`. */
const tinyModel: RandomModel = {
  checkpoint: fileURLToPath(new URL('../test/fixtures/tiny-sd15/model', import.meta.url)),
  motionModule: fileURLToPath(new URL('../test/fixtures/tiny-sd15/motion/v2.ckpt', import.meta.url)),
};

async function main(): Promise<void> {
  const threads = Number(values.threads);
  const note = (text: string): void => {
    if (!values.json) console.error(text);
  };
  if (values.only !== undefined) {
    if (values.only === 'adapters') {
      const size = values.quick ? ([2, 64] as const) : ([8, 128] as const);
      const options = { folder: values.folder, threads, repeats: Number(values.repeats), size, note };
      const result = await benchAdapters(await writeRandomModel(values.folder), options);
      console.log(values.json ? JSON.stringify(result) : adaptersText(result));
      return;
    }
    if (values.only === 'long') {
      mkdirSync(values.folder, { recursive: true });
      const model = values.quick ? tinyModel : await writeRandomModel(values.folder);
      const result = await benchLong(model, { folder: values.folder, threads, pixels: 64, note });
      console.log(values.json ? JSON.stringify(result) : longText(result));
      return;
    }
    if (values.only === 'cases') {
      const model = await writeRandomModel(values.folder);
      const result = await cases(model, { threads, note });
      if (values.plot !== undefined)
        writeFileSync(values.plot, growthPlot(result.cases, bestOf(result.peak)));
      console.log(values.json ? JSON.stringify(result) : casesText(result));
      return;
    }
    if (values.only === 'generation') {
      const model = values.quick ? tinyModel : await writeRandomModel(values.folder);
      const backend = ortNode({ threads });
      const size = sizesOf(values.quick ? '2x64' : (values.sizes ?? '8x256'))[0]!;
      const result = await benchGeneration(model, backend, { size, steps: values.quick ? 2 : 4, note });
      await backend.dispose();
      console.log(values.json ? JSON.stringify(result) : generationText(result));
      return;
    }
    if (values.only === 'training') {
      mkdirSync(values.folder, { recursive: true });
      const model = values.quick ? tinyModel : await writeRandomModel(values.folder);
      const size = { frames: values.quick ? 2 : 8, pixels: 64, repeats: Number(values.repeats) };
      const result = await benchTraining(model, { ...size, folder: values.folder, threads, note });
      console.log(values.json ? JSON.stringify(result) : trainingText(result));
      return;
    }
    if (values.only !== 'schedulers')
      throw new Error(
        `--only ${values.only}: expected cases, generation, schedulers, adapters, long or training`,
      );
    note("measuring the machine's own peak, then the samplers");
    const result = benchSchedulers(bestOf(await peakNow(threads)));
    console.log(values.json ? JSON.stringify(result) : schedulersText(result));
    return;
  }
  note('writing model files with random weights (once)');
  const model = await writeRandomModel(values.folder);
  const cache = mkdtempSync(join(values.folder, 'cache-'));
  try {
    const backend = ortNode({ threads, prepack: values.prepack, weightsCache: { directory: cache } });
    note('loading');
    const result = await measure(model, backend, { threads, note });
    console.log(values.json ? JSON.stringify(result) : reportText(result));
  } finally {
    rmSync(cache, { recursive: true, force: true });
    if (values.clean) rmSync(values.folder, { recursive: true, force: true });
  }
}

async function peakNow(threads: number): Promise<MachinePeak> {
  const backend = ortNode({ threads });
  try {
    return await machinePeak(backend);
  } finally {
    await backend.dispose();
  }
}

function bestOf({ matmul, convolution }: MachinePeak): number {
  return Math.max(matmul, convolution);
}

async function measure(
  model: RandomModel,
  backend: ReturnType<typeof ortNode>,
  { threads, note }: { threads: number; note: (text: string) => void },
): Promise<BenchResult> {
  const load = (): Promise<AnimateDiffPipeline> =>
    AnimateDiffPipeline.load({
      backend,
      checkpoint: fileSource(model.checkpoint),
      motionModule: fileSource(model.motionModule),
    });
  let pipeline!: AnimateDiffPipeline;
  const coldLoadSeconds = await secondsOf(async () => {
    pipeline = await load();
  });
  await pipeline.dispose();
  const warmLoadSeconds = await secondsOf(async () => {
    pipeline = await load();
  });
  note('evaluating');
  const { textEncoder, vae } = pipeline.components;
  const textSeconds = await secondsOf(() => textEncoder.encode(['a corgi on a beach']));
  const latents = float32Tensor(torchRandom(2).normal(4 * 32 * 32), [1, 4, 32, 32]);
  const frameDecodeSeconds = await secondsOf(() => vae.decode(latents));
  const { resident, privateBytes } = memoryUse();
  await pipeline.dispose();
  const afterDisposeBytes = memoryUse().resident;
  const peakBytes = memoryUse().peak;
  note('stepping');
  const stepping = await cases(model, { threads, note });
  return {
    threads,
    coldLoadSeconds,
    warmLoadSeconds,
    peakBytes,
    steadyBytes: resident,
    steadyPrivateBytes: privateBytes,
    afterDisposeBytes,
    textSeconds,
    frameDecodeSeconds,
    ...stepping,
    schedulers: benchSchedulers(bestOf(stepping.peak)),
  };
}

async function cases(
  model: RandomModel,
  shared: Pick<CasesOptions, 'threads' | 'note'>,
): Promise<CasesResult> {
  const { config, weightBytes } = await unetFacts(model);
  const sizes = values.quick ? '2x64' : (values.sizes ?? '8x128,8x256');
  return benchCases(model, {
    ...shared,
    measurePeak: () => peakNow(shared.threads),
    folder: values.folder,
    repeats: Number(values.repeats),
    sizes: sizesOf(sizes),
    weightBytes,
    flops: (frames, pixels) => flopsOf(config, frames, pixels / 8),
    python: values.python,
    reduced: values.reduced,
  });
}

/** `[frames, pixels]` of each in `8x128,8x256`. */
function sizesOf(text: string): [number, number][] {
  return text.split(',').map((size) => size.split('x').map(Number) as [number, number]);
}

function flopsOf(config: UnetConfig, frames: number, side: number): number {
  const size = { batch: 1, frames, height: side, width: side, tokens: 77 };
  return unetFlops(config, { midBlock: true }, size);
}

/** The image model's shape, and the bytes of its weights and the motion module's in float32. */
async function unetFacts(model: RandomModel): Promise<{ config: UnetConfig; weightBytes: number }> {
  const checkpoint = await openCheckpoint(fileSource(model.checkpoint));
  const module = await openMotionModule(fileSource(model.motionModule));
  const elements = [checkpoint.unet.store, module.store]
    .flatMap((store) => [...store.entries.values()])
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const config = readUnetConfig(storeWeights(checkpoint.unet.store));
  await Promise.all([checkpoint.close(), module.close()]);
  return { config, weightBytes: 4 * elements };
}

await main();
