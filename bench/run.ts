import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AnimateDiffPipeline, type Float32Tensor, float32Tensor, torchRandom } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { storeWeights } from '../src/models/store-weights.js';
import { readUnetConfig } from '../src/models/unet-config.js';
import { openCheckpoint } from '../src/weights/checkpoint.js';
import { benchAdapters } from './adapters.js';
import { unetFlops } from './flops.js';
import { benchLong } from './long.js';
import { type MachinePeak, machinePeak } from './machine-peak.js';
import { median, secondsOf } from './median.js';
import { memoryUse } from './memory.js';
import { type RandomModel, writeRandomModel } from './random-model.js';
import { adaptersText, longText, reportText, schedulersText } from './report.js';
import type { BenchResult, EvaluationResult } from './result.js';
import { benchSchedulers } from './schedulers.js';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    clean: { type: 'boolean', default: false },
    prepack: { type: 'boolean', default: false },
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
    if (values.only !== 'schedulers')
      throw new Error(`--only ${values.only}: expected schedulers, adapters or long`);
    note("measuring the machine's own peak, then the samplers");
    const result = benchSchedulers(bestOf(await machinePeak(ortNode({ threads }))));
    console.log(values.json ? JSON.stringify(result) : schedulersText(result));
    return;
  }
  note('writing model files with random weights (once)');
  const model = await writeRandomModel(values.folder);
  const cache = mkdtempSync(join(values.folder, 'cache-'));
  try {
    const backend = ortNode({ threads, prepack: values.prepack, weightsCache: { directory: cache } });
    note("measuring the machine's own peak");
    const peak = await machinePeak(backend);
    note('loading');
    const result = await measure(model, backend, { threads, peak, note });
    console.log(values.json ? JSON.stringify(result) : reportText(result));
  } finally {
    rmSync(cache, { recursive: true, force: true });
    if (values.clean) rmSync(values.folder, { recursive: true, force: true });
  }
}

function bestOf({ matmul, convolution }: MachinePeak): number {
  return Math.max(matmul, convolution);
}

async function measure(
  model: RandomModel,
  backend: ReturnType<typeof ortNode>,
  { threads, peak, note }: { threads: number; peak: MachinePeak; note: (text: string) => void },
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
  const context = await textEncoder.encode(['a corgi on a beach']);
  const sizes = values.quick
    ? ([[2, 64]] as const)
    : ([
        [8, 128],
        [8, 256],
      ] as const);
  const evaluations: EvaluationResult[] = [];
  for (const [frames, pixels] of sizes)
    evaluations.push(await evaluate(pipeline, model, context, frames, pixels));
  const latents = float32Tensor(torchRandom(2).normal(4 * 32 * 32), [1, 4, 32, 32]);
  const frameDecodeSeconds = await secondsOf(() => vae.decode(latents));
  const { resident, privateBytes } = memoryUse();
  await pipeline.dispose();
  const afterDisposeBytes = memoryUse().resident;
  const peakBytes = memoryUse().peak;
  note('stepping');
  return {
    threads,
    peak,
    coldLoadSeconds,
    warmLoadSeconds,
    peakBytes,
    steadyBytes: resident,
    steadyPrivateBytes: privateBytes,
    afterDisposeBytes,
    textSeconds,
    frameDecodeSeconds,
    evaluations,
    schedulers: benchSchedulers(bestOf(peak)),
  };
}

async function evaluate(
  { components }: AnimateDiffPipeline,
  model: RandomModel,
  context: Float32Tensor,
  frames: number,
  pixels: number,
): Promise<EvaluationResult> {
  const side = pixels / components.vae.latentScale;
  const sample = float32Tensor(torchRandom(1).normal(4 * frames * side * side), [1, 4, frames, side, side]);
  const all: number[] = [];
  // The first run pays for allocations.
  for (let i = 0; i <= Number(values.repeats); i++) {
    const seconds = await secondsOf(() => components.unet.predict({ sample, timestep: 500, context }));
    if (i > 0) all.push(seconds);
  }
  const checkpoint = await openCheckpoint(fileSource(model.checkpoint));
  const config = readUnetConfig(storeWeights(checkpoint.unet.store));
  await checkpoint.close();
  const flops = unetFlops(
    config,
    { midBlock: true },
    { batch: 1, frames, height: side, width: side, tokens: 77 },
  );
  return { frames, pixels, seconds: median(all), all, flops };
}

await main();
