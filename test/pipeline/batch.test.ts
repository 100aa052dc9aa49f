import {
  type AnimateDiffPipeline,
  type Animation,
  type Backend,
  type BatchEvent,
  type BatchOptions,
  eulerAncestral,
  type GenerateOptions,
  type Residency,
} from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTiny } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { small } from './stream-events.js';

const { prompt: _, seed: __, ...common } = { ...small, numInferenceSteps: 2 };
const prompts = ['a red circle', 'a blue square'];

async function drained(batch: AsyncIterable<BatchEvent>): Promise<BatchEvent[]> {
  const events: BatchEvent[] = [];
  for await (const each of batch) events.push(each);
  return events;
}

/** The finished animations by index. */
function animationsOf(events: readonly BatchEvent[]): Animation[] {
  const animations: Animation[] = [];
  for (const { item, event } of events) {
    if (event.type === 'generation-end') animations[item.index] = event.animation;
  }
  return animations;
}

const typesOf = (events: readonly BatchEvent[]): string[] =>
  events
    .filter(({ event }) => event.type !== 'load-progress' && event.type !== 'warning')
    .map(({ item, event }) => `${item.index} ${event.type}`);

const { backend, loaded } = watchedBackend();
let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny({ backend });
});
afterAll(async () => {
  await pipeline.dispose();
  await backend.dispose();
});

describe('a batch', () => {
  test('makes every job with every seed, the same as one by one, bit for bit', async () => {
    const events = await drained(pipeline.batch({ ...common, jobs: prompts, seeds: [1, 2] }));
    const animations = animationsOf(events);
    expect(animations.length).toBe(4);
    for (const [index, { frames, latents, seed }] of animations.entries()) {
      const alone = await pipeline.generate({
        ...common,
        prompt: prompts[Math.floor(index / 2)]!,
        seed: (index % 2) + 1,
      });
      expect(seed).toBe(alone.seed);
      expect(latents).toEqual(alone.latents);
      expect(frames).toEqual(alone.frames);
    }
  });

  test('tells whose event it is', async () => {
    const jobs = ['a cat', { prompt: { 0: 'a dog', 2: 'a bird' }, seed: 9 }];
    const events = await drained(pipeline.batch({ ...common, jobs, seeds: [4, 5] }));
    const items = [...new Map(events.map(({ item }) => [item.index, item])).values()];
    expect(items).toEqual([
      { index: 0, count: 3, job: 0, prompt: 'a cat', seed: 4 },
      { index: 1, count: 3, job: 0, prompt: 'a cat', seed: 5 },
      { index: 2, count: 3, job: 1, prompt: { 0: 'a dog', 2: 'a bird' }, seed: 9 },
    ]);
  });

  test('draws seeds that it is not given, and tells them', async () => {
    const events = await drained(pipeline.batch({ ...common, numInferenceSteps: 1, jobs: prompts }));
    const [first, second] = animationsOf(events);
    expect(events[0]!.item.seed).toBe(first!.seed);
    expect(first!.seed).not.toBe(second!.seed);
  });

  test('gives each animation as soon as it is done, in order', async () => {
    const events = await drained(pipeline.batch({ ...common, numFrames: 1, jobs: prompts, seeds: [1] }));
    const one = ['generation-start', 'step-end', 'step-end', 'frame-decoded', 'generation-end'];
    expect(typesOf(events)).toEqual([0, 1].flatMap((index) => one.map((type) => `${index} ${type}`)));
  });

  test.each<[string, Partial<GenerateOptions>, Partial<GenerateOptions>]>([
    ['its own size, steps and sampler', { height: 40, numInferenceSteps: 1, scheduler: eulerAncestral }, {}],
    ['windows', { numFrames: 6, context: { length: 4, overlap: 1 } }, {}],
    ['FreeInit', { freeInit: { iterations: 2 } }, {}],
    ['a common option left out', { negativePrompt: undefined }, { negativePrompt: 'grey' }],
    [
      'pictures to begin from',
      { video: [{ width: 32, height: 32, data: new Uint8ClampedArray(4096).fill(90) }], strength: 0.5 },
      {},
    ],
    [
      'a picture to take off from',
      { image: { width: 32, height: 32, data: new Uint8ClampedArray(4096).fill(90) } },
      {},
    ],
    ['FreeU', { freeU: true }, {}],
    [
      'pictures that stay as they are',
      { video: [{ width: 32, height: 32, data: new Uint8ClampedArray(4096).fill(90) }], strength: 0 },
      {},
    ],
  ])('lets a job have %s', async (_name, own, shared) => {
    const all: BatchOptions = {
      ...common,
      ...shared,
      jobs: ['a cat', { prompt: 'a dog', seed: 3, ...own }, 'a bird'],
      seeds: [3],
    };
    const [first, second, third] = animationsOf(await drained(pipeline.batch(all)));
    const request = { ...common, ...shared, prompt: 'a dog', seed: 3 };
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
    expect(second).toEqual(await pipeline.generate({ ...request, ...given }));
    for (const [prompt, other] of [['a cat', first] as const, ['a bird', third] as const]) {
      expect(other).toEqual(await pipeline.generate({ ...request, prompt }));
    }
  });

  test('is mirrored to listeners', async () => {
    const ends: Animation[] = [];
    const off = pipeline.on('generation-end', ({ animation }) => ends.push(animation));
    const events = await drained(pipeline.batch({ ...common, jobs: prompts, seeds: [1] }));
    off();
    expect(ends).toEqual(animationsOf(events));
  });
});

describe('networks are loaded as seldom as the residency allows', () => {
  test.each<[Residency, string[]]>([
    ['all', []],
    ['unet', ['text_encoder', 'vae_decoder', 'vae_decoder', 'vae_decoder', 'vae_decoder']],
    ['one', ['text_encoder', 'unet', 'vae_decoder']],
  ])('%s', async (residency, expected) => {
    const alone = animationsOf(await drained(pipeline.batch({ ...common, jobs: prompts, seeds: [1, 2] })));
    await using other = await loadTiny({ backend, residency });
    loaded.length = 0;
    const events = await drained(other.batch({ ...common, jobs: prompts, seeds: [1, 2] }));
    expect(loaded).toEqual(expected);
    expect(animationsOf(events)).toEqual(alone);
    // Afterwards the residency holds again.
    loaded.length = 0;
    await other.components.textEncoder.encode(['a cat']);
    expect(loaded).toEqual(residency === 'all' ? [] : ['text_encoder']);
  });

  test('pictures to begin from are encoded before the UNet comes', async () => {
    const picture = { width: 32, height: 32, data: new Uint8ClampedArray(4096).fill(90) };
    await using sparing = await loadTiny({ backend, residency: 'one' });
    loaded.length = 0;
    const jobs = [
      { prompt: 'a cat', video: [picture] },
      { prompt: 'a dog', image: picture },
    ];
    await drained(sparing.batch({ ...common, numInferenceSteps: 1, jobs }));
    expect(loaded).toEqual(['vae_encoder', 'text_encoder', 'unet', 'vae_decoder']);
  });

  test('with one network at a time, all pictures come at the end', async () => {
    await using sparing = await loadTiny({ backend, residency: 'one' });
    const events = await drained(
      sparing.batch({ ...common, numFrames: 1, numInferenceSteps: 1, jobs: prompts, seeds: [1] }),
    );
    expect(typesOf(events)).toEqual([
      ...['0 generation-start', '0 step-end', '1 generation-start', '1 step-end'],
      ...['0 frame-decoded', '0 generation-end', '1 frame-decoded', '1 generation-end'],
    ]);
  });
});

describe('a job that fails', () => {
  /** The second run of the UNet does not succeed. */
  const failing = (): Backend => {
    const cpu = ortNode();
    let runs = 0;
    return {
      ...cpu,
      async createSession(artifact, options) {
        const session = await cpu.createSession(artifact, options);
        if (artifact.label !== 'unet') return session;
        return {
          dispose: () => session.dispose(),
          run(feeds, each) {
            runs += 1;
            if (runs === 2) return Promise.reject(new Error('the device is gone'));
            return session.run(feeds, each);
          },
        };
      },
    };
  };
  const jobs = ['a cat', 'a dog', 'a bird'];
  const quick = { ...common, numFrames: 2, numInferenceSteps: 1, jobs, seeds: [1] };

  test.each<Residency>(['all', 'one'])(
    'ends the batch after what is done, residency %s',
    async (residency) => {
      await using breaking = await loadTiny({ backend: failing(), residency });
      const events: BatchEvent[] = [];
      const run = async (): Promise<void> => {
        for await (const each of breaking.batch(quick)) events.push(each);
      };
      await expect(run()).rejects.toThrow('the device is gone');
      const ends = typesOf(events).filter((type) => /error|generation-end/.test(type));
      expect(ends.sort()).toEqual(['0 generation-end', '1 job-error']);
      // It can be used again.
      expect(
        (await breaking.generate({ ...common, prompt: 'a cat', numInferenceSteps: 1 })).frames,
      ).toHaveLength(3);
    },
  );

  test.each<Residency>(['all', 'one'])(
    'is told, and the next goes on when asked to, %s',
    async (residency) => {
      await using breaking = await loadTiny({ backend: failing(), residency });
      const events = await drained(breaking.batch({ ...quick, onError: 'continue' }));
      const ends = typesOf(events).filter((type) => /error|generation-end/.test(type));
      expect(ends.sort()).toEqual(['0 generation-end', '1 job-error', '2 generation-end']);
      const told = events.find(({ event }) => event.type === 'job-error')!.event;
      expect(told).toMatchObject({ error: { message: 'the device is gone' } });
    },
  );
});

describe('a batch under way', () => {
  test('ends with the signal’s reason, whatever is to happen to failing jobs', async () => {
    const stop = new AbortController();
    const run = async (): Promise<void> => {
      const options = { ...common, jobs: prompts, signal: stop.signal, onError: 'continue' } as const;
      for await (const { item, event } of pipeline.batch(options)) {
        expect(event.type).not.toBe('job-error');
        if (item.index === 1 && event.type === 'step-end') stop.abort(new Error('enough'));
      }
    };
    await expect(run()).rejects.toThrow('enough');
  });

  test('waits for whoever reads it, and ends when they leave', async () => {
    await using sparing = await loadTiny({ backend, residency: 'one' });
    loaded.length = 0;
    for await (const { event } of sparing.batch({ ...common, jobs: prompts, seeds: [1] })) {
      if (event.type === 'step-end') break;
    }
    expect(loaded).toEqual(['text_encoder', 'unet']);
    await sparing.generate({ ...common, prompt: 'a cat', numInferenceSteps: 1 });
    expect(loaded).toEqual(['text_encoder', 'unet', 'text_encoder', 'unet', 'vae_decoder']);
  });

  test('keeps the pipeline busy, and can be paused like a single generation', async () => {
    const batch = pipeline.batch({ ...common, jobs: prompts, seeds: [1], checkpointEvery: 1 });
    await batch.next();
    await expect(pipeline.generate({ ...common, prompt: 'x' })).rejects.toMatchObject({ code: 'busy' });
    const events = await drained(batch);
    const last = events.findLast(({ event }) => event.type === 'checkpoint')!;
    expect(last.item.index).toBe(1);
    if (last.event.type !== 'checkpoint') throw new Error('no checkpoint');
    for await (const event of pipeline.resume(last.event.state)) {
      if (event.type === 'generation-end') expect(event.animation).toEqual(animationsOf(events)[1]);
    }
  });
});

describe('a batch refuses, before anything is done,', () => {
  test.each<[string, object, RegExp]>([
    ['no jobs', { jobs: [] }, /^batch: jobs/],
    ['something else than jobs', { jobs: 'a cat' }, /^batch: jobs/],
    ['a number as a job', { jobs: [3] }, /^batch: jobs/],
    ['seeds that are none', { jobs: ['x'], seeds: [1.5] }, /^batch: seeds\.0/],
    ['no seeds', { jobs: ['x'], seeds: [] }, /^batch: seeds/],
    ['an unknown way with errors', { jobs: ['x'], onError: 'ignore' }, /^batch: onError/],
    ['an unknown option', { jobs: ['x'], frames: 3 }, /^jobs\.0: generate: .*frames/],
    ['a wrong option of a job', { jobs: ['x', { prompt: 'y', width: 12 }] }, /^jobs\.1: generate: width/],
    ['a job without a prompt', { jobs: [{ seed: 1 }] }, /^jobs\.0: generate: prompt/],
    [
      'a signal of a job',
      { jobs: [{ prompt: 'x', signal: AbortSignal.abort() }] },
      /^batch: jobs\.0\.signal/,
    ],
  ])('%s', async (_name, options, message) => {
    loaded.length = 0;
    await expect(drained(pipeline.batch({ ...common, ...options } as BatchOptions))).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
    expect(loaded).toEqual([]);
  });

  test('nothing at all', async () => {
    await expect(drained(pipeline.batch(undefined as never))).rejects.toMatchObject({
      code: 'invalid-options',
    });
  });
});
