import { type ByteSource, lora, type ModelSource } from 'animatediff-js';
import { contactSheet, encodeApng, encodeGif, encodePng, encodeWebp, type Frame } from 'animatediff-js/media';
import { fileSource } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnimateDiffPipeline } from '../../src/pipeline/animate-diff-pipeline.js';
import { workerPipeline } from '../../src/pipeline/remote/worker-pipeline.js';
import type { WorkerPipeline } from '../../src/pipeline/remote/worker-pipeline-contract.js';
import { workerStarter } from '../support/start-worker.js';
import { fixture, loadTiny, tinyModel } from '../support/tiny-model.js';
import { small } from './stream-events.js';

const start = workerStarter('pipeline-worker');
const adapterFile = (name: string) => fileSource(fixture('tiny-sd15/adapters', name)) as ByteSource;

let pipeline: WorkerPipeline;
let direct: AnimateDiffPipeline;

beforeAll(async () => {
  [pipeline, direct] = await Promise.all([workerPipeline(start, tinyModel()), loadTiny()]);
});

afterAll(async () => {
  await pipeline.dispose();
  await direct.dispose();
});

describe('adapters of a pipeline in a worker', () => {
  test('are added, changed and removed as those of the direct one are', async () => {
    const changes = async ({ adapters }: Pick<WorkerPipeline, 'adapters'>) => [
      await adapters.add(lora(adapterFile('style-kohya.safetensors'), { name: 'style', mode: 'live' })),
      await adapters.setScale('style', 0.5),
      adapters.list(),
    ];
    expect(await changes(pipeline)).toEqual(await changes(direct));
    const frames = async (from: Pick<WorkerPipeline, 'generate'> | AnimateDiffPipeline) =>
      (await from.generate(small)).frames;
    expect(await frames(pipeline)).toEqual(await frames(direct));
    await Promise.all([pipeline.adapters.remove('style'), direct.adapters.remove('style')]);
    expect(pipeline.adapters.list()).toEqual([]);
    expect(await frames(pipeline)).toEqual(await frames(direct));
  });

  test('refuse what the direct ones refuse, and are as before then', async () => {
    const file = adapterFile('style-kohya.safetensors');
    const broken: ByteSource = {
      ...file,
      read: async () => {
        throw new TypeError('the disk is gone');
      },
    };
    const attempt = pipeline.adapters.add(lora(broken, { name: 'broken' }));
    await expect(attempt).rejects.toMatchObject({ name: 'TypeError', message: 'the disk is gone' });
    expect(pipeline.adapters.list()).toEqual([]);
    await expect(pipeline.adapters.setScale('broken', 1)).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

describe('frames encoded in a worker', () => {
  let frames: readonly Frame[];

  beforeAll(async () => {
    frames = (await direct.generate(small)).frames;
  });

  const fps = 12;
  const here: Readonly<Record<string, () => Promise<Uint8Array>>> = {
    gif: () => encodeGif(frames, { fps }),
    webp: () => encodeWebp(frames, { fps }),
    apng: () => encodeApng(frames, { fps }),
    png: () => encodePng(frames[0]!),
    'png-sheet': () => encodePng(contactSheet(frames, { columns: 2 })),
  };

  test.each(Object.keys(here))('are the same file as if encoded here: %s', async (format) => {
    const options = { png: {}, 'png-sheet': { columns: 2 } }[format] ?? { fps };
    const request = { format, ...options } as Parameters<WorkerPipeline['encode']>[1];
    expect(await pipeline.encode(frames, request)).toEqual(new Uint8Array(await here[format]!()));
  });

  test('stay the caller’s, are told of one by one, and can be given up', async () => {
    const done: number[] = [];
    await pipeline.encode(frames, { format: 'gif', onProgress: (progress) => done.push(progress.done) });
    expect(done).toEqual([1, 2, 3]);
    expect(frames.every(({ data }) => data.byteLength > 0)).toBe(true);
    const signal = AbortSignal.abort();
    await expect(pipeline.encode(frames, { format: 'gif', signal })).rejects.toBe(signal.reason);
  });

  test('are refused with a reason when there are none, or the format is unknown', async () => {
    const none = pipeline.encode([], { format: 'gif' });
    await expect(none).rejects.toMatchObject({ code: 'invalid-options' });
    const unknown = pipeline.encode(frames, { format: 'bmp' as 'gif' });
    await expect(unknown).rejects.toThrow(/expected one of gif, webp/);
  });
});

describe('a pipeline in a worker is loaded', () => {
  test('with progress, from sources that are read here', async () => {
    const phases = new Set<string>();
    const reads = new Set<string>();
    const watched = (source: ModelSource): ModelSource =>
      source.kind === 'folder'
        ? {
            ...source,
            file: async (path, options) => {
              const found = await source.file(path, options);
              return found && (watched(found) as ByteSource);
            },
          }
        : {
            ...source,
            read: (...range) => {
              reads.add(source.name);
              return source.read(...range);
            },
          };
    const { checkpoint } = tinyModel();
    const own = await workerPipeline(start, {
      checkpoint: watched(checkpoint),
      residency: 'all',
      onProgress: ({ phase }) => phases.add(phase),
    });
    await own.dispose();
    expect([...phases]).toEqual(['open', 'weights', 'session']);
    expect([...reads].some((name) => name.includes('unet'))).toBe(true);
  });

  test('with adapters, under a sampler by name', async () => {
    const adapters = [lora(adapterFile('style-peft.safetensors'), { name: 'style' })];
    const own = await workerPipeline(start, { ...tinyModel(), adapters, scheduler: 'dpmpp_sde' });
    try {
      expect(own.adapters.list().map(({ name }) => name)).toEqual(['style']);
      expect(own.info.scheduler).toBe('dpmSolverSinglestep');
      expect(own.info.warnings.map(({ code }) => code)).toContain('scheduler-substituted');
    } finally {
      await own.dispose();
    }
  });

  test('or refused as the direct one is', async () => {
    const attempts = [
      { ...tinyModel(), checkpoint: 'model.safetensors' as unknown as ModelSource },
      { ...tinyModel(), residency: 'some' as 'all' },
      { ...tinyModel(), motionModule: adapterFile('style-kohya.safetensors') },
    ];
    for (const options of attempts) {
      const expected = await loadTiny(options).catch((error: unknown) => error);
      await expect(workerPipeline(start, options)).rejects.toEqual(expected);
    }
  });
});
