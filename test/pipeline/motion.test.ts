import {
  type AnimateDiffPipeline,
  ddim,
  float32Tensor,
  type GenerateOptions,
  type MotionAmount,
  torchRandom,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { takeFrames } from '../../src/windows/window-frames.js';
import { loadTiny, tinyModel } from '../support/tiny-model.js';
import { eventsOf, ofType, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny({ motionGroupNorm: 'original' });
});
afterAll(() => pipeline.dispose());

const latentsOf = async (options: Partial<GenerateOptions> = {}) =>
  (await pipeline.generate({ ...small, ...options })).latents;

async function stepsOf(options: Partial<GenerateOptions> = {}): Promise<Float32Array[]> {
  const events = await eventsOf(pipeline.stream({ ...small, ...options }));
  return ofType(events, 'step-end').map(({ latents }) => latents.data);
}

describe('motionEffect', () => {
  // More steps with guidance would enlarge what differs by rounding, and so would an image of half the side: its deepest
  // level is one pixel, which group norms see as few values that nearly cancel.
  test.each([
    { guidanceScale: 1, numInferenceSteps: 2 },
    { guidanceScale: 7.5, numInferenceSteps: 1 },
  ])('of 0 is the image model alone, frame by frame: %j', async (options) => {
    const latents = float32Tensor(torchRandom(3).normal(768), [1, 4, 3, 8, 8]);
    const same = { ...small, ...options, width: 64, height: 64, scheduler: ddim() };
    const still = await latentsOf({ ...same, latents, motionEffect: 0 });
    await using image = await loadTiny({ ...tinyModel(), motionModule: undefined });
    for (const frame of [0, 1, 2]) {
      const noise = takeFrames(latents, [frame]);
      const alone = await image.generate({ ...same, numFrames: 1, latents: noise });
      expect(takeFrames(still, [frame]).data).toBeRelativelyCloseTo(alone.latents.data, 1e-5);
    }
  });

  test('of 0 for one frame leaves that one to the image model', async () => {
    const still = await latentsOf({ motionEffect: 0 });
    const mixed = await latentsOf({ motionEffect: [0, 1, 1] });
    expect(takeFrames(mixed, [0]).data).toBeRelativelyCloseTo(takeFrames(still, [0]).data, 1e-5);
    expect(takeFrames(mixed, [1]).data).not.toEqual(takeFrames(still, [1]).data);
  });

  test('changes the result', async () => {
    const plain = await latentsOf();
    for (const motionEffect of [0, 0.5, 1.5, { mid: 0 }, { up: [1, 1, 0] }]) {
      expect(await latentsOf({ motionEffect })).not.toEqual(plain);
    }
  });
});

describe('motionScale', () => {
  test('changes the result', async () => {
    const plain = await latentsOf();
    for (const motionScale of [0.5, 1.5, [1, 1, 1.5], { down: 1.5 }]) {
      expect(await latentsOf({ motionScale })).not.toEqual(plain);
    }
  });

  test('has no effect where the module has none', async () => {
    const still = await latentsOf({ motionEffect: 0 });
    expect(await latentsOf({ motionEffect: 0, motionScale: 2 })).toEqual(still);
  });
});

describe('an amount of one', () => {
  test.each<[MotionAmount]>([
    [1],
    [[1, 1, 1]],
    [{}],
    [{ down: 1, mid: 1, up: 1 }],
    [{ down: [1, 1, 1], up: 1 }],
  ])('is the default, bit for bit: %j', async (amount) => {
    const plain = await latentsOf();
    expect(await latentsOf({ motionEffect: amount })).toEqual(plain);
    expect(await latentsOf({ motionScale: amount })).toEqual(plain);
  });

  test.each<[MotionAmount, MotionAmount]>([
    [0.5, [0.5, 0.5, 0.5]],
    [0.5, { down: 0.5, mid: 0.5, up: 0.5 }],
    [[0, 0.5, 1], { down: [0, 0.5, 1], mid: [0, 0.5, 1], up: [0, 0.5, 1] }],
  ])('or another one is the same in every form: %j and %j', async (one, other) => {
    expect(await latentsOf({ motionEffect: other })).toEqual(await latentsOf({ motionEffect: one }));
  });
});

describe('motionStart and motionEnd', () => {
  test('of 0 to 0, or 1 to 1, are a motionEffect of 0', async () => {
    const still = await latentsOf({ motionEffect: 0 });
    expect(await latentsOf({ motionStart: 0, motionEnd: 0 })).toEqual(still);
    expect(await latentsOf({ motionStart: 1, motionEnd: 1 })).toEqual(still);
  });

  test('of 0 to 1 are the default', async () => {
    expect(await latentsOf({ motionStart: 0, motionEnd: 1 })).toEqual(await latentsOf());
  });

  test('switch the module on and off between steps', async () => {
    const [plain, still] = [await stepsOf(), await stepsOf({ motionEffect: 0 })];
    const late = await stepsOf({ motionStart: 0.5 });
    const early = await stepsOf({ motionEnd: 0.5 });
    expect(late[0]).toEqual(still[0]);
    expect(late[1]).not.toEqual(still[1]);
    expect(early[0]).toEqual(plain[0]);
    expect(early[1]).not.toEqual(plain[1]);
  });
});

test('a single frame is the image model alone, whatever the amounts', async () => {
  const plain = await latentsOf({ numFrames: 1 });
  expect(await latentsOf({ numFrames: 1, motionEffect: 2, motionScale: 2 })).toEqual(plain);
});

describe('motion amounts refuse', () => {
  test.each<[object, RegExp]>([
    [{ motionEffect: [1, 1] }, /motionEffect: expected one number a frame, 3, got 2/],
    [{ motionScale: [1, 1, 1, 1] }, /motionScale: expected one number a frame, 3, got 4/],
    [{ motionEffect: { mid: [1] } }, /motionEffect: .*3, got 1/],
    [{ motionEffect: [] }, /motionEffect/],
    [{ motionEffect: 'much' }, /motionEffect: expected a number/],
    [{ motionEffect: { middle: 1 } }, /motionEffect/],
    [{ motionScale: Number.NaN }, /motionScale/],
    [{ motionStart: -0.1 }, /motionStart/],
    [{ motionEnd: 1.1 }, /motionEnd/],
  ])('%j', async (options, message) => {
    await expect(pipeline.generate({ ...small, ...options })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });
});
