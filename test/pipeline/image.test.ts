import {
  type AnimateDiffPipeline,
  euler,
  eulerAncestral,
  type Frame,
  float32Tensor,
  type GenerateOptions,
  torchRandom,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { interpolatedStart } from '../../src/noise/interpolated-start.js';
import { loadTiny } from '../support/tiny-model.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

const run = async (options: Partial<GenerateOptions>) => eventsOf(pipeline.stream({ ...small, ...options }));
const startOf = async (options: Partial<GenerateOptions>): Promise<Float32Array> =>
  ofType(await run({ numInferenceSteps: 1, guidanceScale: 1, ...options }), 'generation-start')[0]!.latents
    .data;

function stripes(colour: number, side = 32): Frame {
  const data = new Uint8ClampedArray(4 * side * side);
  for (let i = 0; i < side * side; i++) data.set([colour, (8 * i) % 256, 255 - colour, 255], 4 * i);
  return { width: side, height: side, data };
}
const [first, last] = [stripes(200), stripes(30)];

/** A picture's latents as video to video begins from them. */
async function latentsOf(picture: Frame): Promise<Float32Array> {
  const { latents } = animationOf(await run({ video: [picture], strength: 0, numFrames: 1 }));
  return latents.data;
}

const picture = (data: Float32Array) => float32Tensor(data, [1, 4, 4, 4]);
const clip = (data: Float32Array) => float32Tensor(data, [1, 4, 3, 4, 4]);
const frameOf = (data: Float32Array, frame: number): Float32Array =>
  Float32Array.from({ length: 64 }, (_, i) => data[(Math.floor(i / 16) * 3 + frame) * 16 + (i % 16)]!);

describe('an image', () => {
  test('is the first frame of the start noise, and less and less of the others', async () => {
    const noise = await startOf({});
    const latents = await latentsOf(first);
    const start = await startOf({ image: first });
    expect(start).toEqual(interpolatedStart(picture(latents), undefined, clip(noise)).data);
    expect(frameOf(start, 0)).toEqual(latents);
    const shareOfPicture = [0, 1, 2].map((frame) => {
      const [now, pure] = [frameOf(start, frame), frameOf(noise, frame)];
      return (
        Math.hypot(...now.map((x, i) => x - pure[i]!)) / Math.hypot(...latents.map((x, i) => x - pure[i]!))
      );
    });
    expect(shareOfPicture).toEqual([1, 31 / 32, 30 / 32].map((share) => expect.closeTo(share, 5)));
  });

  test('with a last one is arrived at', async () => {
    const start = await startOf({ image: { first, last, scale: 4, power: 2 } });
    expect(frameOf(start, 0)).toEqual(await latentsOf(first));
    expect(frameOf(start, 2)).toEqual(await latentsOf(last));
  });

  test('is scaled with the noise, of whatever kind and sampler', async () => {
    const options = { scheduler: euler, noise: { kind: 'constant', order: 'comfyui' } } as const;
    const latents = await latentsOf(first);
    const noise = await startOf(options);
    const plain = await startOf({ noise: options.noise });
    const sigma = noise[0]! / plain[0]!;
    const expected = interpolatedStart(picture(latents), undefined, clip(plain), { method: 'spherical' });
    expect(await startOf({ ...options, image: { first, method: 'spherical' } })).toBeRelativelyCloseTo(
      expected.data.map((value) => value * sigma),
      1e-5,
    );
  });

  test('shows in the animation: its first frame is nearer to the picture than that of noise alone', async () => {
    const distance = async (options: Partial<GenerateOptions>): Promise<number> => {
      const { frames } = animationOf(await run({ guidanceScale: 1, ...options }));
      return Math.hypot(...frames[0]!.data.map((value, i) => value - first.data[i]!));
    };
    expect(await distance({ image: first })).toBeLessThan(await distance({}));
  });

  test('is no longer needed to go on', async () => {
    const events = await run({
      image: { first, last },
      scheduler: eulerAncestral,
      checkpointEvery: 1,
      context: { length: 2, overlap: 1 },
      noiseInjection: { at: 0.5 },
    });
    const { frames } = animationOf(events);
    const checkpoints = ofType(events, 'checkpoint');
    expect(checkpoints).toHaveLength(2);
    for (const { state } of checkpoints) {
      expect(state.options).not.toHaveProperty('image');
      const again = await eventsOf(pipeline.resume(state, { scheduler: eulerAncestral }));
      expect(animationOf(again).frames).toEqual(frames);
    }
  });
});

describe('image refuses', () => {
  const latents = clip(torchRandom(1).normal(192));
  test.each<[string, object, RegExp]>([
    ['video', { image: first, video: [first] }, /image: .* video .*; give one of the two/],
    ['latents', { image: first, latents }, /image: .* latents .*; give one of the two/],
    ['FreeInit', { image: first, freeInit: true }, /image: .* freeInit .*; give one of the two/],
    ['the strength of video', { image: first, strength: 0.5 }, /strength: belongs to video/],
    ['another size', { image: stripes(1, 40) }, /image: frames are 40×40, but 32×32/],
    ['two sizes', { image: { first, last: stripes(1, 40) } }, /image: frame 1 is 40×40/],
    ['what is no picture', { image: 'first.png' }, /image: expected a frame/],
    ['nothing in place of a picture', { image: { first: null } }, /image: frame 0/],
    ['options that do not exist', { image: { first, scale: 0, weight: 1 } }, /image: .*scale.*weight/],
    ['an arc to a last picture', { image: { first, last, method: 'spherical' } }, /image\.last: only method/],
    ['a single frame of two', { image: { first, last }, numFrames: 1 }, /image\.last: a single frame/],
  ])('%s', async (_, options, message) => {
    await expect(run(options)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });
});
