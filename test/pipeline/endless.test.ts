import {
  type AnimateDiffPipeline,
  ddim,
  type EndlessOptions,
  float32Tensor,
  type PipelineEvent,
  type PipelineEventOf,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { restart } from '../../examples/custom-scheduler/restart.js';
import { frameRandom } from '../../src/noise/frame-random.js';
import { samplers } from '../schedulers/support/samplers.js';
import { settledMemory } from '../support/settled-memory.js';
import { loadTiny, tinyModel } from '../support/tiny-model.js';
import { ofType, recordingBackend, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

/** A short queue: 4 steps in windows of 4 frames. */
const film = {
  prompt: 'a red circle on a black background',
  width: 32,
  height: 32,
  windowLength: 4,
  partitions: 1,
  seed: 7,
} satisfies EndlessOptions;

/** All events up to so many frames. */
async function eventsUpTo(
  count: number,
  options: Partial<EndlessOptions> = {},
  from: AnimateDiffPipeline = pipeline,
): Promise<PipelineEvent[]> {
  const events: PipelineEvent[] = [];
  let shown = 0;
  for await (const event of from.endless({ ...film, ...options })) {
    events.push(event);
    if (event.type === 'frame-decoded' && ++shown === count) break;
  }
  return events;
}

async function frames(
  count: number,
  options?: Partial<EndlessOptions>,
): Promise<PipelineEventOf<'frame-decoded'>['pixels'][]> {
  return ofType(await eventsUpTo(count, options), 'frame-decoded').map(({ pixels }) => pixels);
}

const refusal = async (options: object, from = pipeline): Promise<unknown> => {
  try {
    await eventsUpTo(1, options, from);
  } catch (error) {
    return error;
  }
  throw new Error('was not refused');
};

describe('an endless animation', () => {
  test('starts up step by step and then gives frames, in order', async () => {
    const events = await eventsUpTo(10, { guidanceScale: 1 });
    expect(events[0]).toMatchObject({ type: 'generation-start', seed: 7, numFrames: Infinity });
    const [start] = ofType(events, 'generation-start');
    expect(start!.latents.shape).toEqual([1, 4, 4, 4, 4]);
    const steps = ofType(events, 'step-end');
    expect(steps.map(({ step, steps: all }) => [step, all])).toEqual([0, 1, 2, 3].map((step) => [step, 4]));
    expect(steps.map(({ timestep }) => timestep)).toEqual(start!.timesteps);
    expect(steps[0]!.denoised.shape).toEqual([1, 4, 1, 4, 4]);
    const decoded = events.slice(events.findIndex(({ type }) => type === 'frame-decoded'));
    expect(decoded.map((event) => event.type === 'frame-decoded' && event.frame)).toEqual([
      ...Array(10).keys(),
    ]);
    expect(ofType(decoded, 'frame-decoded')[9]).toMatchObject({
      frames: Infinity,
      image: { width: 32, height: 32 },
      secondsLeft: undefined,
    });
  });

  test('lets each frame take its steps among its neighbours, which are at steps of their own', async () => {
    const options = { lookahead: false, guidanceScale: 1, scheduler: ddim };
    const shown = await frames(5, options);
    const { unet, vae, textEncoder } = pipeline.components;
    const context = await textEncoder.encode([film.prompt]);
    const queue = Array.from({ length: 8 }, (_, frame) => {
      const random = frameRandom(7, frame);
      return { sample: random.normal(64), run: ddim().start({ steps: 4, strength: 1, random }), step: 0 };
    });
    for (let tail = 0; tail < 8; tail++) {
      const first = Math.max(0, tail - 3);
      const seen = queue.slice(first, first + 4);
      const clip = new Float32Array(256);
      for (let i = 0; i < 256; i++) {
        clip[i] = seen[Math.floor(i / 16) % 4]!.sample[Math.floor(i / 64) * 16 + (i % 16)]!;
      }
      const sample = float32Tensor(clip, [1, 4, 4, 4, 4]);
      const timestep = seen.map(({ run, step }) => run.timesteps[step]!);
      const { data } = await unet.predict({ sample, timestep, context });
      for (const [at, frame] of seen.entries()) {
        if (first + at > tail) continue;
        const output = Float32Array.from(
          { length: 64 },
          (_, i) => data[(Math.floor(i / 16) * 4 + at) * 16 + (i % 16)]!,
        );
        frame.sample = frame.run.step(output, frame.sample, frame.step++).sample;
      }
    }
    for (const [frame, pixels] of shown.entries()) {
      const latents = queue[frame]!.sample.map((value) => value / vae.scalingFactor);
      const { data } = await vae.decode(float32Tensor(latents, [1, 4, 4, 4]));
      expect(pixels.data).toEqual(data.map((value) => Math.min(1, Math.max(0, value / 2 + 0.5))));
    }
  });

  test('repeats bit for bit with the same seed, and differs with another', async () => {
    const [one, again, other] = [await frames(6), await frames(6), await frames(6, { seed: 8 })];
    expect(again).toEqual(one);
    for (const [frame, { data }] of other.entries()) expect(data).not.toEqual(one[frame]!.data);
  });

  test('tells the seed that it drew, which repeats it', async () => {
    const events = await eventsUpTo(2, { seed: undefined });
    const { seed } = ofType(events, 'generation-start')[0]!;
    const pixels = ofType(events, 'frame-decoded').map((event) => event.pixels);
    expect(await frames(2, { seed })).toEqual(pixels);
  });

  test('computes nothing before it is asked for', async () => {
    const { backend, feeds } = recordingBackend();
    await using own = await loadTiny({ backend });
    const events = own.endless({ ...film, guidanceScale: 1, partitions: 2 });
    const next = async (): Promise<number> => {
      for (;;) {
        const { value } = await events.next();
        if (value?.type === 'frame-decoded') return value.frame;
      }
    };
    expect(await next()).toBe(0);
    for (const frame of [1, 2, 3]) {
      const before = feeds.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(feeds.length).toBe(before);
      expect(await next()).toBe(frame);
      // Two windows a partition with lookahead.
      expect(feeds.length - before).toBe(4);
    }
    expect(feeds.at(-1)!['time']!.shape[0]).toBe(4);
    await events.return();
  });

  test.each([
    { lookahead: false, partitions: 3 },
    { numInferenceSteps: 1, partitions: undefined },
    { numInferenceSteps: 2, partitions: undefined },
    { numInferenceSteps: 5, partitions: undefined },
    { numInferenceSteps: 7, partitions: undefined, lookahead: false },
    { windowLength: 2 },
    { windowLength: 3 },
  ])('takes any number of steps and any window: %j', async (options) => {
    const shown = await frames(5, { guidanceScale: 1, ...options });
    expect(new Set(shown.map(({ data }) => data.join())).size).toBe(5);
  });

  test('decodes frames in tiles, if it is told to', async () => {
    const size = { width: 64, height: 32, guidanceScale: 1 };
    const [tiled] = await frames(1, { ...size, vaeTiling: { tileSize: 32 } });
    const [whole] = await frames(1, { ...size, vaeTiling: false });
    expect(tiled!.shape).toEqual(whole!.shape);
    expect(tiled!.data).not.toEqual(whole!.data);
  });

  test('lets lookahead change the pictures', async () => {
    expect(await frames(2, { lookahead: false })).not.toEqual(await frames(2));
  });

  test.each(Object.entries(samplers))('works with %s, step by step for each frame', async (_name, make) => {
    const events = await eventsUpTo(3, { guidanceScale: 1, scheduler: (noise) => make({ ...noise }) });
    const [start] = ofType(events, 'generation-start');
    expect(ofType(events, 'step-end')).toHaveLength(start!.timesteps.length);
    expect(ofType(events, 'frame-decoded').map(({ frame }) => frame)).toEqual([0, 1, 2]);
  });
});

describe('a prompt that is a function', () => {
  test('is asked once for each frame, when it enters the queue', async () => {
    const asked: number[] = [];
    const prompt = (frame: number): string => {
      asked.push(frame);
      return film.prompt;
    };
    const shown = await frames(3, { prompt });
    expect(asked).toEqual([...Array(6).keys()]);
    expect(shown).toEqual(await frames(3));
  });

  test('changes what comes, and encodes what comes back once', async () => {
    const { textEncoder } = pipeline.components;
    const encode = vi.spyOn(textEncoder, 'encodeRows');
    const prompt = (frame: number): string => (frame % 2 === 0 ? film.prompt : 'a blue square');
    const shown = await frames(4, { prompt });
    // Two texts, and what not to show.
    expect(encode).toHaveBeenCalledTimes(3);
    encode.mockRestore();
    expect(shown).not.toEqual(await frames(4));
  });

  test('warns of words that do not fit, and tells of which frame', async () => {
    const long = 'red '.repeat(100);
    const events = await eventsUpTo(2, { prompt: (frame) => (frame === 2 ? long : film.prompt) });
    const messages = ofType(events, 'warning').map(({ warning }) => warning.message);
    expect(messages).toContainEqual(expect.stringMatching(/^prompt at frame 2: only 75 tokens fit/));
  });

  test('must give text', async () => {
    const prompt = (frame: number): unknown => (frame < 2 ? 'red' : 5);
    expect(await refusal({ prompt })).toMatchObject({
      code: 'invalid-options',
      message: 'prompt: the function gave number at frame 2, expected text',
    });
  });
});

test('memory does not grow, however long it goes on', { timeout: 300_000 }, async () => {
  const used = async (): Promise<number> => {
    await settledMemory();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  // A text of its own for every frame.
  const prompt = (frame: number): string => `frame number ${frame}`;
  let before = 0;
  for await (const event of pipeline.endless({ ...film, prompt, windowLength: 2, guidanceScale: 1 })) {
    if (event.type !== 'frame-decoded') continue;
    if (event.frame === 50) before = await used();
    if (event.frame !== 200) continue;
    // 150 frames as pictures alone would be 2.4 MB, their embeddings more.
    expect((await used()) - before).toBeLessThan(500_000);
    break;
  }
});

describe('leaving', () => {
  test('while frames come lets go, so that another generation can run', async () => {
    await frames(2);
    expect((await pipeline.generate(small)).frames).toHaveLength(3);
  });

  test('is needed before another generation can run', async () => {
    const events = pipeline.endless(film);
    await events.next();
    await expect(pipeline.generate(small)).rejects.toMatchObject({ code: 'busy' });
    await events.return();
    await expect(pipeline.generate(small)).resolves.toBeDefined();
  });

  test('frees networks that the residency does not keep, which it kept while it ran', async () => {
    await using own = await loadTiny({ residency: 'one' });
    const first = ofType(await eventsUpTo(3, {}, own), 'frame-decoded').map(({ pixels }) => pixels);
    expect(first).toEqual(await frames(3));
    await expect(own.generate(small)).resolves.toBeDefined();
  });

  test('by a signal rejects with its reason, wherever it is', async () => {
    for (const at of ['generation-start', 'step-end', 'frame-decoded'] as const) {
      const stop = new AbortController();
      const watched = async (): Promise<void> => {
        for await (const event of pipeline.endless({ ...film, signal: stop.signal })) {
          if (event.type === at) stop.abort(new Error('enough'));
        }
      };
      await expect(watched()).rejects.toThrow('enough');
    }
    expect(await frames(1)).toHaveLength(1);
  });

  test('by disposing ends it with `disposed`', async () => {
    const own = await loadTiny();
    const events = own.endless(film);
    await events.next();
    await own.dispose();
    await expect(
      (async () => {
        for await (const _ of events);
      })(),
    ).rejects.toMatchObject({ code: 'disposed' });
  });
});

describe('endless refuses', () => {
  test.each<[object, RegExp]>([
    [{ prompt: undefined }, /endless: prompt: expected text, or a function/],
    [{ prompt: { 0: 'spring' } }, /endless: prompt: expected text, or a function/],
    [{ windowLength: 1 }, /windowLength/],
    [{ windowLength: 33 }, /windowLength: .*32/],
    [{ numInferenceSteps: 0 }, /numInferenceSteps/],
    [{ partitions: 0 }, /partitions/],
    [{ partitions: 500 }, /partitions: 500 of 4 frames are 2000 steps, more than 1000/],
    [{ numInferenceSteps: 25 }, /numInferenceSteps: 25 is not partitions × windowLength, 1 × 4/],
    [{ width: 30 }, /width/],
    [{ numFrames: 16 }, /numFrames/],
    [{ lookahead: 'yes' }, /lookahead/],
    [{ scheduler: 'euler' }, /scheduler: expected a scheduler/],
    [{ scheduler: restart, partitions: 3 }, /scheduler: 'restart' goes back to more noise at step \d+/],
  ])('%j', async (options, message) => {
    expect(await refusal(options)).toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });

  test('a pipeline without a motion module', async () => {
    await using image = await loadTiny({ ...tinyModel(), motionModule: undefined });
    expect(await refusal({}, image)).toMatchObject({
      code: 'invalid-options',
      message: "endless: needs a motion module; load one with the option 'motionModule'",
    });
  });
});
