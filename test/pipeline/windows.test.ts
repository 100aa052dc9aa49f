import { type AnimateDiffPipeline, heun, type Tensor } from 'animatediff-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ContextOptions, resolveContext } from '../../src/windows/context-options.js';
import { windowsAt } from '../../src/windows/windows-at.js';
import { loadTiny, tinyModel } from '../support/tiny-model.js';
import { eventsOf, ofType, recordingBackend, small } from './stream-events.js';

const { backend, feeds } = recordingBackend();
let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny({ backend });
});
beforeEach(() => {
  feeds.length = 0;
});
afterAll(() => pipeline.dispose());

/** One number a frame, so that what the UNet is fed tells which frames it sees. */
const marks = (frames: number): number[] => Array.from({ length: frames }, (_, frame) => 1 + frame / 64);

function framesSeen({ motion_effect: effect }: Readonly<Record<string, Tensor>>): number[] {
  const frames = effect!.shape[2]!;
  const values = (effect!.data as Float32Array).subarray(0, frames);
  return Array.from(values, (value) => Math.round((value - 1) * 64));
}

const windowsOf = (context: ContextOptions, frames: number, step: number): number[][] =>
  windowsAt(resolveContext(context, frames, 32), frames, step).map((window) => [...window]);

describe('an animation longer than the motion module takes', () => {
  test('is made in windows of 16 frames, without being asked', async () => {
    const options = { ...small, numFrames: 33, width: 16, height: 16, motionEffect: marks(33) };
    const { frames, latents } = await pipeline.generate(options);
    expect(frames).toHaveLength(33);
    expect(latents.shape).toEqual([1, 4, 33, 2, 2]);
    expect(feeds.map(framesSeen)).toEqual([...windowsOf({}, 33, 0), ...windowsOf({}, 33, 1)]);
    expect(feeds.every((fed) => framesSeen(fed).length === 16)).toBe(true);
  });

  test('runs the UNet once a window and step', async () => {
    const context = { length: 4, overlap: 2, schedule: 'static' } as const;
    const events = await eventsOf(pipeline.stream({ ...small, numFrames: 8, context }));
    expect(ofType(events, 'step-end')).toHaveLength(2);
    expect(feeds).toHaveLength(2 * 3);
  });

  test('shows each window its own frames of the latents', async () => {
    const context = { length: 2, schedule: 'batched' } as const;
    const options = { ...small, numFrames: 4, numInferenceSteps: 1, guidanceScale: 1, context };
    const [start] = ofType(await eventsOf(pipeline.stream(options)), 'generation-start');
    const plane = 16;
    for (const [call, { sample }] of feeds.entries()) {
      for (const channel of [0, 3]) {
        const from = (channel * 4 + 2 * call) * plane;
        const seen = sample!.data.slice(channel * 2 * plane, (channel * 2 + 2) * plane);
        expect(seen).toEqual(start!.latents.data.slice(from, from + 2 * plane));
      }
    }
    expect(feeds).toHaveLength(2);
  });

  test('gives side by side windows what they give alone', async () => {
    const context = { length: 2, schedule: 'batched' } as const;
    const options = { ...small, numFrames: 4, noise: { kind: 'repeated', length: 2 } } as const;
    const { latents } = await pipeline.generate({ ...options, context });
    const halves = [0, 2].map((from) =>
      [0, 1, 2, 3].flatMap((channel) => [
        ...latents.data.subarray((channel * 4 + from) * 16, (channel * 4 + from + 2) * 16),
      ]),
    );
    expect(halves[1]).toEqual(halves[0]);
  });

  test('gives the prompts to every window', async () => {
    const context = { length: 4, overlap: 1 };
    await pipeline.generate({ ...small, numFrames: 6, negativePrompt: 'blue', context });
    const contexts = feeds.map(({ context: embedding }) => embedding!);
    const { data } = await pipeline.components.textEncoder.encode(['blue', small.prompt]);
    expect(contexts.length).toBeGreaterThan(2);
    for (const embedding of contexts) expect(embedding.data).toEqual(data);
  });

  test('gives prompts that travel to the frames that a window sees', async () => {
    const prompt = { 0: 'blue', 3: 'a red circle' };
    const context = { length: 2, schedule: 'batched' } as const;
    await pipeline.generate({
      ...small,
      numFrames: 6,
      prompt,
      guidanceScale: 1,
      numInferenceSteps: 1,
      context,
    });
    const { data } = await pipeline.components.textEncoder.encode(['blue', 'a red circle']);
    const size = data.length / 2;
    const [blue, red] = [data.slice(0, size), data.slice(size)];
    const rows = feeds.map(({ context: { data: both } = {} }) => [both!.slice(0, size), both!.slice(size)]);
    expect(rows[0]![0]).toEqual(blue);
    expect(rows[0]![1]).not.toEqual(blue);
    expect(rows[1]![0]).not.toEqual(red);
    expect(rows[1]![1]).toEqual(red);
    expect(rows[2]).toEqual([red, red]);
  });

  test('takes one number a frame for the motion, by frame and not by place in a window', async () => {
    const options = { ...small, numFrames: 6, context: { length: 4, overlap: 1 } };
    const plain = await pipeline.generate(options);
    const ones = await pipeline.generate({ ...options, motionEffect: Array(6).fill(1) });
    expect(ones.latents).toEqual(plain.latents);
  });

  test('computes both halves of guidance in one run or in two to the same result', async () => {
    const options = { ...small, numFrames: 6, context: { length: 4, overlap: 1 } };
    const batched = await pipeline.generate({ ...options, guidanceBatching: 'batched' });
    const sequential = await pipeline.generate({ ...options, guidanceBatching: 'sequential' });
    expect(sequential.latents.data).toBeRelativelyCloseTo(batched.latents.data, 1e-4);
  });
});

describe('windows that move from step to step', () => {
  const context = { loop: true, length: 4, overlap: 1 };
  const options = { ...small, numFrames: 8, motionEffect: marks(8), context };

  test('are those of their step', async () => {
    await pipeline.generate(options);
    const [first, second] = [windowsOf(context, 8, 0), windowsOf(context, 8, 1)];
    expect(second).not.toEqual(first);
    expect(feeds.map(framesSeen)).toEqual([...first, ...second]);
  });

  test('stay where they are for both evaluations of a step', async () => {
    await pipeline.generate({ ...options, numInferenceSteps: 3, scheduler: heun });
    const ofSteps = [0, 0, 1, 1, 2].flatMap((step) => windowsOf(context, 8, step));
    expect(feeds.map(framesSeen)).toEqual(ofSteps);
  });

  test('begin anew with every iteration of FreeInit that takes fewer steps', async () => {
    await pipeline.generate({
      ...options,
      numInferenceSteps: 4,
      freeInit: { iterations: 2, useFastSampling: true },
    });
    const ofSteps = [0, 1, 0, 1, 2, 3].flatMap((step) => windowsOf(context, 8, step));
    expect(feeds.map(framesSeen)).toEqual(ofSteps);
  });

  test('begin anew with every iteration of FreeInit', async () => {
    await pipeline.generate({ ...options, freeInit: { iterations: 2 } });
    const ofSteps = [0, 1, 0, 1].flatMap((step) => windowsOf(context, 8, step));
    expect(feeds.map(framesSeen)).toEqual(ofSteps);
  });
});

describe('one window that holds all frames', () => {
  test.each<ContextOptions>([
    {},
    { length: 3 },
    { length: 32, fuse: 'gaussian' },
    { length: 4, overlap: 1, schedule: 'static' },
  ])('is the plain run, bit for bit: %j', async (context) => {
    const plain = await pipeline.generate(small);
    const windowed = await pipeline.generate({ ...small, context });
    expect(windowed.frames).toEqual(plain.frames);
    expect(windowed.latents).toEqual(plain.latents);
  });

  test('is not what a loop is made of', async () => {
    const plain = await pipeline.generate({ ...small, numFrames: 4 });
    const loop = await pipeline.generate({ ...small, numFrames: 4, context: { loop: true } });
    expect(loop.latents).not.toEqual(plain.latents);
  });

  test('is followed around the loop when it moves from step to step', async () => {
    const context = { loop: true, overlap: 0 };
    await pipeline.generate({ ...small, numFrames: 4, motionEffect: marks(4), context });
    const [first, second] = [windowsOf(context, 4, 0), windowsOf(context, 4, 1)];
    expect(second).not.toEqual(first);
    expect(feeds.map(framesSeen)).toEqual([...first, ...second]);
  });
});

describe('context refuses, by name,', () => {
  test.each<[object | number, RegExp]>([
    [{ length: 33 }, /context: length: .*32.*33/],
    [{ length: 4, overlap: 4 }, /context: overlap/],
    [{ length: 0 }, /context: length/],
    [{ stride: 2, schedule: 'static' }, /context: stride/],
    [{ loop: true, schedule: 'batched' }, /context: loop/],
    [{ closedLoop: true, schedule: 'static' }, /context: closedLoop/],
    [{ fuse: 'flatt' }, /context: fuse/],
    [{ sigma: 5 }, /context: sigma/],
    [{ lenght: 4 }, /context: .*lenght/],
    [4, /context/],
  ])('%j', async (context, message) => {
    const options = { ...small, numFrames: 40, context: context as ContextOptions };
    await expect(pipeline.generate(options)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
    expect(feeds).toHaveLength(0);
  });
});

test('the image model alone makes no animation, in windows either', async () => {
  const { checkpoint } = tinyModel();
  await using image = await loadTiny({ checkpoint, motionModule: undefined });
  for (const options of [{}, { context: { length: 1, overlap: 0 } }]) {
    await expect(image.generate({ ...small, numFrames: 2, ...options })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining("option 'motionModule'"),
    });
  }
});
