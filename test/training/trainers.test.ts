import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesSource, domainAdapter, type Frame, motionLora } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildUnet } from '../../src/models/unet.js';
import { openModel } from '../../src/pipeline/opened-model.js';
import { folderLatentCache } from '../../src/training/latent-cache-node.js';
import { newMotionModule } from '../../src/training/new-motion-module.js';
import { trainDomainAdapter } from '../../src/training/train-domain-adapter.js';
import { trainMotionLora } from '../../src/training/train-motion-lora.js';
import { trainMotionModule } from '../../src/training/train-motion-module.js';
import type { TrainingEvent } from '../../src/training/training-events.js';
import { openWeights } from '../../src/weights/open-weights.js';
import { fixture, loadTiny } from '../support/tiny-model.js';
import { exampleFeeds, runUnfused, sizesOf, tinyUnetRequest } from './tiny-training.js';

// Graphs of ten thousand nodes take seconds to load.
vi.setConfig({ testTimeout: 300_000 });

const backend = ortNode();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latents-'));
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true });
});

/** A bright square that moves to the right. */
const clips = ['left', 'right'].map((name, index) => ({
  name,
  caption: `a square on the ${name}`,
  frames: Array.from({ length: 3 }, (_, frame): Frame => {
    const data = new Uint8ClampedArray(64 * 64 * 4).map((_, i) => {
      const [x, y] = [(i >> 2) % 64, (i >> 2) >> 6];
      const inside = Math.abs(x - 16 - 24 * index - 4 * frame) < 8 && Math.abs(y - 32) < 8;
      return i % 4 === 3 || inside ? 255 : 40;
    });
    return { width: 64, height: 64, data };
  }),
}));

const checkpoint = fileSource(fixture('tiny-sd15/model'));
const motionModule = fileSource(fixture('tiny-sd15/motion/v2.ckpt'));
const shared = { backend, checkpoint, clips, learningRate: 1e-2, seed: 5, promptDropout: 0.5 };

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

async function names(file: Uint8Array): Promise<string[]> {
  const store = await openWeights(bytesSource(file));
  await store.close();
  return [...store.entries.keys()];
}

describe('a MotionLoRA', () => {
  const options = { ...shared, motionModule, rank: 4, numFrames: 2 };

  test('is trained, goes on from a checkpoint bit for bit, and is loaded again; the model stays as it is', async () => {
    const before = await digest(fixture('tiny-sd15/motion/v2.ckpt'));
    const events: TrainingEvent[] = [];
    const note = (event: TrainingEvent): void => {
      events.push(event);
    };
    const whole = {
      ...options,
      steps: 3,
      checkpointEvery: 2,
      latentCache: folderLatentCache(folder),
      averageDecay: 0.9,
    };
    const result = await trainMotionLora({ ...whole, onEvent: note });
    expect(events.map(({ type }) => type)).toEqual([
      'clip-encoded',
      'clip-encoded',
      'training-start',
      'training-step',
      'training-step',
      'checkpoint',
      'training-step',
    ]);
    expect(result.losses).toHaveLength(3);
    expect(result.losses.every((loss) => loss > 0)).toBe(true);
    const { bytes } = events.find((event) => event.type === 'checkpoint')!;

    const later: TrainingEvent[] = [];
    const resumed = await trainMotionLora({
      ...whole,
      resume: bytes,
      onEvent: (event) => void later.push(event),
    });
    expect(later.filter((event) => event.type === 'clip-encoded').every(({ cached }) => cached)).toBe(true);
    expect(await readdir(folder)).toHaveLength(2);
    expect(later.find((event) => event.type === 'training-start')).toMatchObject({ from: 2 });
    expect(resumed.file).toEqual(result.file);
    expect(resumed.losses).toEqual(result.losses);

    expect(await digest(fixture('tiny-sd15/motion/v2.ckpt'))).toBe(before);
    expect(await names(result.file)).toContain(
      'up_blocks.3.motion_modules.2.temporal_transformer.transformer_blocks.0.attention_blocks.1.processor.to_out_lora.up.weight',
    );
    const pipeline = await loadTiny({ adapters: [motionLora(bytesSource(result.file))] });
    expect(pipeline.info.warnings).toEqual([]);
    await pipeline.dispose();
  });

  test('comes out the same when two backends share the batches of a step', async () => {
    const batches = { ...options, steps: 2, accumulate: 2 };
    const other = ortNode();
    const shared = await trainMotionLora({ ...batches, moreBackends: [other] });
    await other.dispose();
    expect(shared.file).toEqual((await trainMotionLora(batches)).file);
  });

  test('refuses more frames than the module has positions, and clips that are too short', async () => {
    await expect(trainMotionLora({ ...options, steps: 1, numFrames: 99 })).rejects.toThrow(
      /positions, got 99/,
    );
    await expect(trainMotionLora({ ...options, steps: 1, frameStride: 5 })).rejects.toThrow(
      /'left' has 3 frames, but 6/,
    );
  });

  test('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onEvent = (): void => controller.abort(reason);
    await expect(trainMotionLora({ ...options, steps: 1, signal: controller.signal, onEvent })).rejects.toBe(
      reason,
    );
  });
});

describe('a domain adapter', () => {
  test('is the same for one seed, and is loaded again', async () => {
    const options = {
      ...shared,
      rank: 2,
      steps: 2,
      batchSize: 2,
      accumulate: 2,
      minSnrGamma: 5,
      weightDecay: 0,
    };
    const [first, second] = [await trainDomainAdapter(options), await trainDomainAdapter(options)];
    expect(second.file).toEqual(first.file);
    expect(await names(first.file)).toContain(
      'mid_block.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight',
    );
    const pipeline = await loadTiny({ adapters: [domainAdapter(bytesSource(first.file))] });
    expect(pipeline.info.warnings).toEqual([]);
    await pipeline.dispose();
  });

  test('stops after the step under way with a checkpoint, and shows what it knows on the way', async () => {
    const options = { ...shared, rank: 2, steps: 3 };
    const stop = new AbortController();
    const events: TrainingEvent[] = [];
    const stopped = await trainDomainAdapter({
      ...options,
      sampleEvery: 1,
      stop: stop.signal,
      onEvent(event) {
        events.push(event);
        if (event.type === 'training-step') stop.abort();
      },
    });
    expect(events.slice(2).map(({ type }) => type)).toEqual([
      'training-start',
      'training-step',
      'training-sample',
      'checkpoint',
    ]);
    expect(events.find((event) => event.type === 'training-sample')).toEqual({
      type: 'training-sample',
      step: 1,
      file: stopped.file,
    });
    expect(stopped.losses).toHaveLength(1);
    const { step, file } = events.find((event) => event.type === 'checkpoint')!;
    expect([step, file]).toEqual([1, stopped.file]);
  });
});

describe('a motion module', () => {
  test('that is new begins as the image model, exactly', async () => {
    const image = await openModel({ checkpoint }, () => undefined);
    const { config } = image.unet;
    const fresh = newMotionModule(config, { maxFrames: 8, midBlock: true, seed: 1 });
    const model = await openModel({ checkpoint, motionModule: fresh }, () => undefined);
    const size = { batch: 1, frames: 2, height: 8, width: 8 };
    const { target: _, loss_weight: __, ...feeds } = exampleFeeds(model, size);
    const { motion_effect: ___, motion_scale: ____, ...ofImage } = feeds;
    const results = [];
    for (const [request, inputs] of [
      [tinyUnetRequest(model), feeds],
      [image.unet, ofImage],
    ] as const) {
      const artifact = await buildUnet({ ...request, dialect: new Set(), sizes: sizesOf(size) });
      results.push((await runUnfused(artifact, inputs))['noise']!.data);
    }
    expect(results[0]).toEqual(results[1]);
    await Promise.all([image.close(), model.close()]);
  });

  test('is trained from nothing, and is loaded again', async () => {
    const result = await trainMotionModule({
      ...shared,
      steps: 2,
      numFrames: 2,
      maxFrames: 8,
      recompute: true,
    });
    // In the first step only the last layers, which are zero, can learn.
    expect(result.gradientNorms.every((norm) => norm > 0)).toBe(true);
    const pipeline = await loadTiny({ motionModule: bytesSource(result.file, { name: 'mine.safetensors' }) });
    expect(pipeline.info.motionModule).toMatchObject({ maxFrames: 8 });
    await pipeline.dispose();
  });
});
