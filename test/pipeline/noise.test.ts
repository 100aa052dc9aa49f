import {
  type AnimateDiffPipeline,
  euler,
  float32Tensor,
  type GenerateOptions,
  torchRandom,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNoise } from '../../src/noise/start-noise.js';
import type { NoiseOrder, StartNoise, StartNoiseKind } from '../../src/noise/start-noise-options.js';
import { loadTiny } from '../support/tiny-model.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

const numFrames = 6;
const shape = [1, 4, numFrames, 4, 4];
const options = { ...small, numFrames };

/** What a generation begins from, without going on. */
async function startOf(more: Partial<GenerateOptions> = {}): Promise<Float32Array> {
  for await (const event of pipeline.stream({ ...options, ...more })) {
    if (event.type === 'generation-start') return event.latents.data;
  }
  throw new Error('no start');
}

const frameOf = (clip: Float32Array, frame: number): number[] =>
  [0, 1, 2, 3].flatMap((channel) => {
    const from = (channel * numFrames + frame) * 16;
    return [...clip.subarray(from, from + 16)];
  });

const refused = (more: object, message: RegExp): Promise<void> =>
  expect(pipeline.generate({ ...options, ...more })).rejects.toMatchObject({
    code: 'invalid-options',
    message: expect.stringMatching(message),
  });

describe('start noise', () => {
  test('is one draw of torch unless something else is asked for', async () => {
    const drawn = torchRandom(small.seed).normal(4 * numFrames * 16);
    expect(await startOf()).toEqual(drawn);
    expect(await startOf({ noise: {} })).toEqual(drawn);
    expect(await startOf({ noise: { kind: 'default', order: 'torch' } })).toEqual(drawn);
  });

  const kinds: StartNoise[] = [
    { kind: 'default' },
    { kind: 'constant' },
    { kind: 'repeated', length: 2 },
    { kind: 'shuffled', length: 2 },
    { kind: 'freeNoise', length: 4, stride: 2 },
  ];
  const orders: NoiseOrder[] = ['torch', 'comfyui', 'a1111'];
  test.each(kinds.flatMap((kind) => orders.map((order) => ({ ...kind, order }))))(
    'reaches the sampler: %j',
    async (noise) => {
      const expected = startNoise(noise, { seed: small.seed, shape, random: torchRandom(small.seed) });
      expect(await startOf({ noise })).toEqual(expected);
    },
  );

  test('is one frame for all, or a few over and over', async () => {
    const constant = await startOf({ noise: { kind: 'constant' } });
    expect(frameOf(constant, 5)).toEqual(frameOf(constant, 0));
    const repeated = await startOf({ noise: { kind: 'repeated', length: 2 } });
    expect(frameOf(repeated, 3)).toEqual(frameOf(repeated, 1));
    expect(frameOf(repeated, 1)).not.toEqual(frameOf(repeated, 0));
  });

  test("in a1111's order gives each frame a seed", async () => {
    const counted = await startOf({ noise: { order: 'a1111' } });
    expect(frameOf(counted, 2)).toEqual([...torchRandom(small.seed + 2).normal(64)]);
    const listed = await startOf({ noise: { frameSeeds: [9, 9, 1, 2, 3, 4] } });
    expect(frameOf(listed, 1)).toEqual([...torchRandom(9).normal(64)]);
    expect(frameOf(listed, 5)).toEqual([...torchRandom(4).normal(64)]);
  });

  test('is scaled as the sampler wants it', async () => {
    const unscaled = await startOf({ noise: { kind: 'constant' } });
    const scaled = await startOf({ noise: { kind: 'constant' }, scheduler: euler });
    const factor = scaled[0]! / unscaled[0]!;
    expect(factor).toBeGreaterThan(2);
    expect(scaled).toBeRelativelyCloseTo(
      unscaled.map((value) => value * factor),
      1e-6,
    );
  });

  test('changes the frames', async () => {
    const plain = await pipeline.generate(options);
    for (const kind of ['constant', 'shuffled'] satisfies StartNoiseKind[]) {
      const length = kind === 'shuffled' ? { length: 2 } : {};
      const other = await pipeline.generate({ ...options, noise: { kind, ...length } });
      expect(other.frames).not.toEqual(plain.frames);
    }
  });

  test('is refused together with latents, and where it makes no sense', async () => {
    const latents = float32Tensor(new Float32Array(4 * numFrames * 16), shape);
    await refused({ latents, noise: { kind: 'constant' } }, /noise: latents/);
    await refused({ noise: { kind: 'constannt' } }, /noise.kind/);
    await refused({ noise: { kind: 'constant', length: 3 } }, /noise.length/);
    await refused({ noise: { frameSeeds: [1, 2] } }, /frameSeeds/);
  });
});

describe('FreeInit', () => {
  const steps = async (freeInit: GenerateOptions['freeInit'], more: object = {}): Promise<number[]> => {
    const events = await eventsOf(pipeline.stream({ ...options, ...more, freeInit }));
    return ofType(events, 'step-end').map(({ step }) => step);
  };

  test('repeats all steps, three times unless told otherwise', async () => {
    expect(await steps({ iterations: 2 })).toEqual([0, 1, 0, 1]);
    expect(await steps(true)).toEqual([0, 1, 0, 1, 0, 1]);
    expect(await steps({})).toEqual([0, 1, 0, 1, 0, 1]);
  });

  test('takes fewer steps at first, if asked to', async () => {
    const fast = { iterations: 3, useFastSampling: true };
    expect(await steps(fast, { numInferenceSteps: 3 })).toEqual([0, 0, 1, 0, 1, 2]);
  });

  test('of one iteration, or switched off, is the plain run, bit for bit', async () => {
    const plain = await pipeline.generate(options);
    for (const freeInit of [false, { iterations: 1 }]) {
      expect((await pipeline.generate({ ...options, freeInit })).latents).toEqual(plain.latents);
    }
  });

  test('begins as the plain run does, then ends elsewhere, and repeats bit for bit', async () => {
    const plain = await eventsOf(pipeline.stream(options));
    const first = await eventsOf(pipeline.stream({ ...options, freeInit: { iterations: 2 } }));
    const again = await eventsOf(pipeline.stream({ ...options, freeInit: { iterations: 2 } }));
    const latentsOf = (events: typeof plain) => ofType(events, 'step-end').map(({ latents }) => latents);
    expect(latentsOf(first).slice(0, 2)).toEqual(latentsOf(plain));
    expect(animationOf(first).latents).not.toEqual(animationOf(plain).latents);
    expect(animationOf(again).frames).toEqual(animationOf(first).frames);
  });

  test('with no frequencies kept begins its second iteration from the next draw', async () => {
    const freeInit = { iterations: 2, spatialStopFrequency: 0, temporalStopFrequency: 0 };
    const events = await eventsOf(pipeline.stream({ ...options, freeInit }));
    const random = torchRandom(small.seed);
    const count = 4 * numFrames * 16;
    random.normal(count);
    const latents = float32Tensor(random.normal(count), shape);
    const alone = await pipeline.generate({ ...options, latents });
    expect(animationOf(events).latents.data).toBeRelativelyCloseTo(alone.latents.data, 1e-5);
  });

  test('is refused with video, and with options that are wrong', async () => {
    const video = [{ width: 32, height: 32, data: new Uint8ClampedArray(4 * 32 * 32) }];
    await refused({ video, freeInit: true }, /freeInit: .*video/);
    await refused({ freeInit: { iterations: 0 } }, /freeInit/);
    await refused({ freeInit: { iterations: 0.5 } }, /freeInit\.iterations: .*expected int/);
    await refused({ freeInit: 3 }, /freeInit: .*expected boolean or object/);
    await refused({ freeInit: { iteration: 2 } }, /freeInit/);
  });

  test('can be stopped', async () => {
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      const freeInit = { iterations: 100 };
      let seen = 0;
      for await (const { type } of pipeline.stream({ ...options, freeInit, signal: controller.signal })) {
        if (type === 'step-end' && ++seen === 2) controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ name: 'AbortError' });
  });
});
