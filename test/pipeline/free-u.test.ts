import {
  type AnimateDiffPipeline,
  eulerAncestral,
  type FreeUOptions,
  type GenerateOptions,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTiny } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

const neutral: FreeUOptions = { b1: 1, b2: 1, s1: 1, s2: 1 };

// Two pipelines, so that the UNet is not loaded again for every comparison.
let pipeline: AnimateDiffPipeline;
let plainPipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
  plainPipeline = await loadTiny();
});
afterAll(async () => {
  await pipeline.dispose();
  await plainPipeline.dispose();
});

type Options = Partial<GenerateOptions>;

const latentsOf = async (options: Options, by: AnimateDiffPipeline = pipeline): Promise<Float32Array> =>
  (await by.generate({ ...small, ...options })).latents.data;

const plainOf = (options: Options = {}): Promise<Float32Array> => latentsOf(options, plainPipeline);

// Sides that do not divide by 8 at every level: 5 and 7 latent pixels become 3 and 4, 2 and 2, 1 and 1.
const uneven = { width: 56, height: 40 };

describe.each([1, 2] as const)('freeU of version %s', (version) => {
  test.each([{}, uneven])('with factors of 1 is the plain run: %j', async (size) => {
    const plain = await plainOf(size);
    const same = await latentsOf({ ...size, freeU: { ...neutral, version } });
    expect(same).toBeRelativelyCloseTo(plain, 1e-5);
  });

  test.each([{}, uneven])('changes the picture: %j', async (size) => {
    const plain = await plainOf(size);
    const changed = await latentsOf({ ...size, freeU: { version } });
    expect(changed.every(Number.isFinite)).toBe(true);
    expect(changed).not.toBeRelativelyCloseTo(plain, 1e-3);
  });

  // On 64 pixels every level but the coarsest has more than one pixel, so that every factor shows.
  test.each(['b1', 'b2', 's1', 's2'] as const)('has an effect of %s', async (name) => {
    const size = { width: 64, height: 64, numFrames: 1, numInferenceSteps: 1 };
    const plain = await plainOf(size);
    const changed = await latentsOf({ ...size, freeU: { ...neutral, version, [name]: 1.3 } });
    expect(changed).not.toBeRelativelyCloseTo(plain, 1e-4);
  });

  test('goes on from a saved state, bit for bit', async () => {
    const options = { ...small, freeU: { b1: 1.2, version }, scheduler: eulerAncestral, checkpointEvery: 1 };
    const events = await eventsOf(pipeline.stream(options));
    const { state } = ofType(events, 'checkpoint')[0]!;
    const again = animationOf(await eventsOf(plainPipeline.resume(state, { scheduler: eulerAncestral })));
    expect(again.frames).toEqual(animationOf(events).frames);
  });
});

test('true means the factors that diffusers recommends for Stable Diffusion 1.5, false none', async () => {
  expect(await latentsOf({ freeU: true })).toEqual(
    await latentsOf({ freeU: { b1: 1.5, b2: 1.6, s1: 0.9, s2: 0.2, version: 1 } }),
  );
  expect(await plainOf({ freeU: false })).toEqual(await plainOf());
});

test('works in windows and with guidance in two runs', async () => {
  const options = { numFrames: 5, context: { length: 3, overlap: 1 }, numInferenceSteps: 1 };
  const plain = await plainOf(options);
  const same = await latentsOf({ ...options, freeU: neutral, guidanceBatching: 'sequential' });
  expect(same).toBeRelativelyCloseTo(plain, 1e-5);
});

test('a component takes the same factors', async () => {
  const { unet, textEncoder } = pipeline.components;
  const context = await textEncoder.encode(['a red circle']);
  const sample = (await pipeline.generate({ ...small, numInferenceSteps: 1 })).latents;
  const ask = async (freeU?: FreeUOptions | boolean): Promise<Float32Array> =>
    (await unet.predict({ sample, context, timestep: 500, freeU })).data;
  const plain = await ask();
  expect(await ask(neutral)).toBeRelativelyCloseTo(plain, 1e-5);
  expect(await ask(true)).not.toEqual(plain);
  expect(await ask()).toEqual(plain);
  await expect(ask({ b1: -1 })).rejects.toMatchObject({ code: 'invalid-options' });
});

test('loads the UNet again for another form, and not for other factors', async () => {
  const { backend, loaded } = watchedBackend();
  const unets = (): number => loaded.filter((label) => label === 'unet').length;
  await using counted = await loadTiny({ backend });
  const run = (freeU?: GenerateOptions['freeU']): Promise<unknown> =>
    counted.generate({ ...small, numInferenceSteps: 1, freeU });
  const counts: number[] = [];
  for (const freeU of [
    undefined,
    true,
    { b1: 1.1 },
    neutral,
    { version: 2 },
    { version: 2, s1: 0 },
    false,
  ] as const) {
    await run(freeU);
    counts.push(unets());
  }
  expect(counts).toEqual([1, 2, 2, 2, 3, 3, 4]);
});

describe('freeU refuses', () => {
  test.each<[unknown, RegExp]>([
    [{ b1: -0.1 }, /freeU\.b1: .*>=0/],
    [{ s2: 11 }, /freeU\.s2: .*<=10/],
    [{ s1: Number.NaN }, /freeU\.s1: /],
    [{ b2: Number.POSITIVE_INFINITY }, /freeU\.b2: /],
    [{ version: 3 }, /freeU\.version: .*1\|2/],
    [{ b3: 1 }, /freeU: .*"b3"/],
    ['yes', /freeU: /],
    [1.5, /freeU: /],
  ])('%j', async (freeU, message) => {
    const options = { ...small, freeU: freeU as GenerateOptions['freeU'] };
    await expect(pipeline.generate(options)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });
});
