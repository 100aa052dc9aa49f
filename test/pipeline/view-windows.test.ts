import {
  type AnimateDiffPipeline,
  decodeGenerationState,
  encodeGenerationState,
  eulerAncestral,
  float32Tensor,
  type GenerateOptions,
  torchRandom,
  type UnetInput,
  type ViewOptions,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { takeFrames } from '../../src/windows/window-frames.js';
import { loadTiny } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

const { backend, loaded: created } = watchedBackend();
let pipeline: AnimateDiffPipeline;
/** For what views are compared with: each form of the UNet is loaded once. */
let plain: AnimateDiffPipeline;
beforeAll(async () => {
  // Norms of single frames, so that frames meet in the attentions only.
  pipeline = await loadTiny({ backend, motionGroupNorm: 'original' });
  plain = await loadTiny({ motionGroupNorm: 'original' });
}, 60_000);
afterAll(async () => {
  await pipeline.dispose();
  await plain.dispose();
});

const latentsOf = async (options: Partial<GenerateOptions>, by = pipeline): Promise<Float32Array> =>
  (await by.generate({ ...small, ...options })).latents.data;

const seven = { numFrames: 7, viewWindows: { length: 4, stride: 2 } } satisfies Partial<GenerateOptions>;

function inputOf(frames: number): UnetInput {
  return {
    sample: float32Tensor(torchRandom(3).normal(4 * frames * 16), [1, 4, frames, 4, 4]),
    timestep: 500,
    context: float32Tensor(torchRandom(4).normal(77 * 64), [1, 77, 64]),
  };
}

describe('views of a prediction', () => {
  test('that holds all frames is the plain one', async () => {
    const { unet } = pipeline.components;
    const expected = await plain.components.unet.predict(inputOf(3));
    for (const viewWindows of [{}, { length: 3, stride: 1 }, { fuse: 'gaussian' }] satisfies ViewOptions[]) {
      const seen = await unet.predict({ ...inputOf(3), viewWindows });
      expect(seen.data).toBeRelativelyCloseTo(expected.data, 1e-5);
    }
  });

  test('side by side share nothing', async () => {
    const { unet } = pipeline.components;
    const input = inputOf(6);
    const motionScale = [1, 1.5, 0.5, 2, 1, 0.7];
    const seen = await unet.predict({ ...input, motionScale, viewWindows: { length: 3, stride: 3 } });
    for (const frames of [
      [0, 1, 2],
      [3, 4, 5],
    ]) {
      const alone = await plain.components.unet.predict({
        ...input,
        sample: takeFrames(input.sample, frames),
        motionScale: frames.map((frame) => motionScale[frame]!),
      });
      expect(takeFrames(seen, frames).data).toBeRelativelyCloseTo(alone.data, 1e-5);
    }
  });
});

describe('viewWindows', () => {
  test('that hold all frames make the plain animation', async () => {
    const expected = await latentsOf({}, plain);
    for (const viewWindows of [
      {},
      { length: 3 },
      { length: 8, stride: 8, fuse: 'flat' },
    ] satisfies ViewOptions[]) {
      expect(await latentsOf({ viewWindows })).toBeRelativelyCloseTo(expected, 1e-5);
    }
  });

  test('side by side are context windows side by side', async () => {
    const options = { numFrames: 6, guidanceScale: 1 };
    const windows = await latentsOf({ ...options, context: { schedule: 'batched', length: 3 } }, plain);
    const views = await latentsOf({ ...options, viewWindows: { length: 3, stride: 3 } });
    expect(views).toBeRelativelyCloseTo(windows, 1e-5);
  });

  test('apply in each context window', async () => {
    const options = { numFrames: 6, guidanceScale: 1, context: { length: 4, overlap: 2 } };
    const expected = await latentsOf(options, plain);
    expect(await latentsOf({ ...options, viewWindows: {} })).toBeRelativelyCloseTo(expected, 1e-5);
    expect(await latentsOf({ ...options, viewWindows: { length: 2 } })).not.toEqual(expected);
  });

  test('each make another animation, the same every time', async () => {
    const [first, ...others] = [
      await latentsOf({ numFrames: 7 }, plain),
      await latentsOf(seven),
      await latentsOf({ ...seven, viewWindows: { length: 4, stride: 1 } }),
      await latentsOf({ ...seven, viewWindows: { length: 3, stride: 2 } }),
      await latentsOf({ ...seven, viewWindows: { length: 4, stride: 2, fuse: 'flat' } }),
    ];
    for (const [index, other] of others.entries()) {
      for (const earlier of [first, ...others.slice(0, index)]) expect(other).not.toEqual(earlier);
    }
    expect(await latentsOf(seven)).toEqual(others[0]);
  });

  test('let more frames through than the module has positions', async () => {
    expect(pipeline.components.unet.maxFrames).toBe(32);
    const options = { numFrames: 40, guidanceScale: 1, numInferenceSteps: 1 };
    const events = await eventsOf(pipeline.stream({ ...small, ...options, viewWindows: {} }));
    expect(animationOf(events).frames).toHaveLength(40);
    const long = await latentsOf({ ...options, viewWindows: {}, context: { length: 36, overlap: 18 } });
    expect(long.every(Number.isFinite)).toBe(true);
  });

  test('are the same in both ways to compute guidance', async () => {
    const batched = await latentsOf({ ...seven, guidanceBatching: 'batched' });
    const sequential = await latentsOf({ ...seven, guidanceBatching: 'sequential' });
    expect(sequential).toBeRelativelyCloseTo(batched, 1e-4);
  });

  test('of a single frame leave it to the image model', async () => {
    const expected = await latentsOf({ numFrames: 1 }, plain);
    expect(await latentsOf({ numFrames: 1, viewWindows: {} })).toBeRelativelyCloseTo(expected, 1e-5);
  });

  test('of other numbers load nothing again; going back to none gives the plain animation', async () => {
    await latentsOf(seven);
    const before = created.length;
    await latentsOf({ ...seven, viewWindows: {} });
    await latentsOf({ numFrames: 9, viewWindows: { length: 5, stride: 3, fuse: 'flat' } });
    expect(created.slice(before)).toEqual([]);
    expect(await latentsOf({})).toEqual(await latentsOf({}, plain));
    expect(created.slice(before)).toEqual(['unet']);
  });
});

test.each<[string, Partial<GenerateOptions>]>([
  ['views', seven],
  [
    'views in windows, with noise that the sampler draws',
    {
      ...seven,
      scheduler: eulerAncestral,
      context: { loop: true, length: 6 },
    },
  ],
])('a generation with %s goes on bit for bit, in another pipeline', async (_, options) => {
  const events = await eventsOf(pipeline.stream({ ...small, ...options, checkpointEvery: 1 }));
  const { latents, frames } = animationOf(events);
  const checkpoints = ofType(events, 'checkpoint');
  expect(checkpoints).toHaveLength(2);
  for (const { state } of checkpoints) {
    const bytes = decodeGenerationState(encodeGenerationState(state));
    const again = animationOf(await eventsOf(plain.resume(bytes, { scheduler: options.scheduler })));
    expect(again.latents).toEqual(latents);
    expect(again.frames).toEqual(frames);
  }
});

describe('viewWindows refuse', () => {
  test.each<[object, RegExp]>([
    [
      { viewWindows: { length: 33 } },
      /viewWindows: length: the motion module takes at most 32 frames at once, got 33/,
    ],
    [{ viewWindows: { length: 4, stride: 5 } }, /viewWindows\.stride: must be at most length/],
    [{ viewWindows: { length: 0 } }, /viewWindows\.length/],
    [{ viewWindows: { fuse: 'random' } }, /viewWindows\.fuse/],
    [{ viewWindows: { overlap: 2 } }, /viewWindows: .*overlap/],
    [{ viewWindows: null }, /viewWindows/],
    [{ viewWindows: {}, numFrames: 5000 }, /viewWindows: 1247 views of 5000 frames are too many/],
    [{ viewWindows: {}, numFrames: 200_000 }, /numFrames/],
    [{ viewWindows: {}, context: { length: 4, overlap: 4 } }, /context: overlap/],
  ])('%j', async (options, message) => {
    await expect(pipeline.generate({ ...small, ...options })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });

  test('a prediction whose views do not fit', async () => {
    const { unet } = pipeline.components;
    for (const viewWindows of [{ length: 33 }, { length: 2, stride: 3 }, { size: 3 } as ViewOptions]) {
      await expect(unet.predict({ ...inputOf(3), viewWindows })).rejects.toMatchObject({
        code: 'invalid-options',
        message: expect.stringContaining('viewWindows'),
      });
    }
  });

  test('a model without a motion module', async () => {
    await using image = await loadTiny({ motionModule: undefined });
    const refusal = {
      code: 'invalid-options',
      message: expect.stringMatching(/viewWindows: need a motion module/),
    };
    await expect(image.generate({ ...small, numFrames: 1, viewWindows: {} })).rejects.toMatchObject(refusal);
    await expect(image.components.unet.predict({ ...inputOf(1), viewWindows: {} })).rejects.toMatchObject(
      refusal,
    );
  });
});
