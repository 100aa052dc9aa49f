import {
  type AnimateDiffPipeline,
  euler,
  type Frame,
  float32Tensor,
  type GenerateOptions,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frameOfPixels, imagePixels } from '../../src/pipeline/frame-image.js';
import { loadTiny } from '../support/tiny-model.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

/** Stripes of a colour that depends on the frame. */
function picture(index: number, { alpha = 255, side = 32 } = {}): Frame {
  const data = new Uint8ClampedArray(4 * side * side);
  for (let i = 0; i < side * side; i++) data.set([60 * index, (8 * i) % 256, 255 - 5 * index, alpha], 4 * i);
  return { width: side, height: side, data };
}

const video = [0, 1, 2].map((index) => picture(index));

/** What the VAE's encoder says of a picture, as it comes. */
async function meanOf({ data, width, height }: Frame): Promise<Float32Array> {
  const plane = width * height;
  const pixels = Float32Array.from({ length: 3 * plane }, (_, i) => {
    const value = data[4 * (i % plane) + Math.floor(i / plane)]!;
    return (2 * value) / 255 - 1;
  });
  const { mean } = await pipeline.components.vae.encode(float32Tensor(pixels, [1, 3, height, width]));
  return mean.data;
}

const run = async (options: Partial<GenerateOptions>) => eventsOf(pipeline.stream({ ...small, ...options }));

const frameOf = (clip: Float32Array, frame: number): Float32Array =>
  Float32Array.from({ length: 64 }, (_, i) => clip[(Math.floor(i / 16) * 3 + frame) * 16 + (i % 16)]!);

describe('video at strength 0', () => {
  test('comes back as the VAE sees it', async () => {
    const { vae } = pipeline.components;
    const events = await run({ video, strength: 0 });
    const { frames, latents } = animationOf(events);
    for (const [index, input] of video.entries()) {
      const mean = await meanOf(input);
      expect(frameOf(latents.data, index)).toBeRelativelyCloseTo(
        mean.map((value) => value * vae.scalingFactor),
        1e-6,
      );
      const decoded = frameOfPixels(imagePixels(await vae.decode(float32Tensor(mean, [1, 4, 4, 4]))));
      const off = decoded.data.map((value, i) => Math.abs(value - frames[index]!.data[i]!));
      expect(Math.max(...off)).toBeLessThanOrEqual(1);
    }
  });

  test('takes no step', async () => {
    const events = await run({ video, strength: 0 });
    expect(events.map(({ type }) => type).filter((type) => type !== 'warning')).toEqual([
      'generation-start',
      'frame-decoded',
      'frame-decoded',
      'frame-decoded',
      'generation-end',
    ]);
    expect(events[0]).toMatchObject({ timesteps: [] });
  });

  test('is the same whatever seed and prompt', async () => {
    const [one, other] = [
      await run({ video, strength: 0 }),
      await run({ video, strength: 0, seed: 8, prompt: 'blue' }),
    ];
    expect(animationOf(other).frames).toEqual(animationOf(one).frames);
  });
});

describe('video', () => {
  test.each([undefined, euler])('at strength 1 is text to video, bit for bit', async (scheduler) => {
    const text = animationOf(await run({ scheduler }));
    const pictures = animationOf(await run({ scheduler, video, strength: 1 }));
    expect(pictures.latents).toEqual(text.latents);
    expect(pictures.frames).toEqual(text.frames);
  });

  test.each([
    [5, undefined, 4],
    [2, undefined, 1],
    [4, 0.5, 2],
    [3, 0.5, 1],
    [2, 0.4, 0],
  ])('of %i steps at strength %s runs %i of them', async (numInferenceSteps, strength, expected) => {
    const events = await run({ video, numInferenceSteps, strength, guidanceScale: 1 });
    expect(ofType(events, 'step-end')).toHaveLength(expected);
    expect(ofType(events, 'generation-start')[0]!.timesteps).toHaveLength(expected);
  });

  test('runs the last steps of the schedule', async () => {
    const options = { numInferenceSteps: 4, guidanceScale: 1 };
    const [all] = ofType(await run(options), 'generation-start');
    const [part] = ofType(await run({ ...options, video, strength: 0.5 }), 'generation-start');
    expect(part!.timesteps).toEqual(all!.timesteps.slice(2));
  });

  test('begins nearer to the pictures the lower the strength', async () => {
    const clean = animationOf(await run({ video, strength: 0 })).latents.data;
    const distances: number[] = [];
    for (const strength of [0.25, 0.5, 0.75]) {
      const [start] = ofType(
        await run({ video, strength, numInferenceSteps: 4, guidanceScale: 1 }),
        'generation-start',
      );
      distances.push(Math.hypot(...start!.latents.data.map((value, i) => value - clean[i]!)));
    }
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect(distances[2]).toBeGreaterThan(distances[0]!);
  });

  test('of one picture stands for that picture in every frame', async () => {
    const one = animationOf(await run({ video: [video[1]!], strength: 0.5 }));
    const all = animationOf(await run({ video: [video[1]!, video[1]!, video[1]!], strength: 0.5 }));
    expect(one.frames).toEqual(all.frames);
    expect(one.latents).toEqual(all.latents);
    const still = animationOf(await run({ video: [video[1]!], strength: 0 }));
    expect(still.frames).toHaveLength(3);
    expect(still.frames[2]).toEqual(still.frames[0]);
  });

  test('is black where it is transparent', async () => {
    const black: Frame = { width: 32, height: 32, data: new Uint8ClampedArray(4 * 32 * 32) };
    for (let i = 3; i < black.data.length; i += 4) black.data[i] = 255;
    const clear = animationOf(await run({ video: [picture(1, { alpha: 0 })], strength: 0 }));
    const dark = animationOf(await run({ video: [black], strength: 0 }));
    expect(clear.frames).toEqual(dark.frames);
  });

  test('goes with windows, motion amounts and noise, and repeats bit for bit', async () => {
    const options: Partial<GenerateOptions> = {
      video: [video[0]!],
      strength: 0.5,
      numFrames: 6,
      context: { length: 4, overlap: 1 },
      motionEffect: 0.5,
      noise: { kind: 'freeNoise', length: 4, stride: 3 },
    };
    const [first, second] = [animationOf(await run(options)), animationOf(await run(options))];
    expect(first.frames).toHaveLength(6);
    expect(second.frames).toEqual(first.frames);
  });

  test('is encoded to the same whatever stays in memory', async () => {
    const expected = animationOf(await run({ video, strength: 0.5 }));
    await using sparing = await loadTiny({ residency: 'one' });
    const { frames } = await sparing.generate({ ...small, video, strength: 0.5 });
    expect(frames).toEqual(expected.frames);
  });

  test('can be stopped while it is encoded', async () => {
    await expect(run({ video, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('video refuses', () => {
  test.each<[string, object, RegExp]>([
    ['another number of frames', { video: video.slice(1) }, /video: expected 1 or 3 frames, got 2/],
    ['another size', { video: [picture(0, { side: 40 })] }, /video: frames are 40×40, but 32×32/],
    ['frames of different sizes', { video: [...video.slice(1), picture(0, { side: 40 })] }, /video: frame 2/],
    ['data of another length', { video: [{ ...video[0]!, width: 16 }] }, /video: frame 0/],
    ['no frames', { video: [] }, /video: expected a list of frames/],
    ['something else', { video: 'clip.mp4' }, /video: expected a list of frames/],
    ['nothing in place of a frame', { video: [null] }, /video: frame 0/],
    ['a strength above 1', { video, strength: 1.5 }, /strength/],
    ['a strength without it', { strength: 0.5 }, /strength: belongs to video/],
    ['a strength without it, even 1', { strength: 1 }, /strength: belongs to video/],
  ])('%s', async (_, options, message) => {
    await expect(run(options)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });
});
