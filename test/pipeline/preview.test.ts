import {
  type AnimateDiffPipeline,
  type Frame,
  float32Tensor,
  type GenerateOptions,
  type Preview,
  type Residency,
  torchRandom,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  colouredFrames,
  fitLatentColors,
  latentPatches,
  usualLatentColors,
} from '../../src/pipeline/preview-colors.js';
import { psnr } from '../media/sample-frames.js';
import { loadTiny } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

const four = { ...small, numInferenceSteps: 4 };

/** The previews of each step. */
async function previewsOf(
  options: Partial<GenerateOptions>,
  by = pipeline,
): Promise<(readonly Frame[] | undefined)[]> {
  const events = await eventsOf(by.stream({ ...four, ...options }));
  return ofType(events, 'step-end').map(({ preview }) => preview);
}

const sizes = (frames: readonly Frame[] | undefined): string[] | undefined =>
  frames?.map(({ width, height }) => `${width}×${height}`);

describe('pictures at each step', () => {
  test.each<[Preview, string]>([
    ['linear', '6×4'],
    ['vae', '48×32'],
  ])('%s: one for each frame, of %s pixels', async (preview, size) => {
    const found = await previewsOf({ preview, width: 48 });
    expect(found.map(sizes)).toEqual(Array(4).fill(Array(3).fill(size)));
  });

  test('by vae, the last one is the result', async () => {
    const events = await eventsOf(pipeline.stream({ ...four, preview: 'vae', previewEvery: 4 }));
    const { preview, denoised, latents } = ofType(events, 'step-end').at(-1)!;
    expect(denoised.data).toEqual(latents.data);
    expect(preview!.map(({ data }) => data)).toEqual(animationOf(events).frames.map(({ data }) => data));
  });

  test('every so many steps, and at the last in any case', async () => {
    const found = await previewsOf({ preview: 'linear', previewEvery: 3 });
    expect(found.map((each) => each !== undefined)).toEqual([false, false, true, true]);
  });

  test('none unless they are asked for', async () => {
    const events = await eventsOf(pipeline.stream(four));
    expect(ofType(events, 'step-end').filter((event) => 'preview' in event)).toEqual([]);
    expect(await previewsOf({ preview: false })).toEqual(Array(4).fill(undefined));
  });

  test.each<[string, Partial<GenerateOptions>]>([
    ['preview', { preview: 'latent2rgb' as Preview }],
    ['previewEvery', { preview: 'linear', previewEvery: 0 }],
  ])('a wrong %s is refused', async (option, options) => {
    await expect(pipeline.stream({ ...four, ...options }).next()).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining(option),
    });
  });
});

test('they change nothing of the result', async () => {
  const plain = await pipeline.generate(four);
  for (const preview of ['linear', 'vae'] as const) {
    const { frames } = await pipeline.generate({ ...four, preview });
    expect(frames.map(({ data }) => data)).toEqual(plain.frames.map(({ data }) => data));
  }
});

test('they go along windows, FreeInit and video', async () => {
  const context = { length: 4, overlap: 1 };
  const windowed = await previewsOf({ preview: 'linear', numFrames: 6, numInferenceSteps: 2, context });
  expect(windowed.map((each) => each?.length)).toEqual([6, 6]);
  const initialised = await previewsOf({
    preview: 'linear',
    numInferenceSteps: 2,
    freeInit: { iterations: 2 },
  });
  expect(initialised.filter((each) => each?.length === 3)).toHaveLength(4);
});

test('a run that stops and goes on has the previews that were asked for, or others', async () => {
  const events = await eventsOf(pipeline.stream({ ...four, checkpointEvery: 2, preview: 'vae' }));
  const { state } = ofType(events, 'checkpoint')[0]!;
  const expected = ofType(events, 'step-end').slice(2);
  const resumed = ofType(await eventsOf(pipeline.resume(state)), 'step-end');
  expect(resumed.map(({ preview }) => preview)).toEqual(expected.map(({ preview }) => preview));
  const without = ofType(await eventsOf(pipeline.resume(state, { preview: false })), 'step-end');
  expect(without.map(({ preview }) => preview)).toEqual([undefined, undefined]);
});

test('an abort during a preview ends the generation with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const { backend } = watchedBackend();
  const create = backend.createSession;
  await using other = await loadTiny({
    residency: 'all',
    backend: {
      ...backend,
      async createSession(artifact, options) {
        const session = await create(artifact, options);
        if (artifact.label !== 'vae_decoder') return session;
        return {
          ...session,
          run(feeds, runOptions) {
            controller.abort(reason);
            return session.run(feeds, runOptions);
          },
        };
      },
    },
  });
  const { signal } = controller;
  const seen: string[] = [];
  const work = async (): Promise<void> => {
    for await (const { type } of other.stream({ ...four, preview: 'vae', signal })) seen.push(type);
  };
  await expect(work()).rejects.toBe(reason);
  expect(seen).not.toContain('step-end');
  // Nothing is held any more: a generation without previews goes through.
  await expect(other.generate({ ...four, numInferenceSteps: 1 })).resolves.toBeDefined();
});

describe('networks', () => {
  const { backend, loaded } = watchedBackend();

  /** What each of some generations loads, one after the other. */
  async function loadedBy(residency: Residency, ...previews: Preview[]): Promise<string[][]> {
    await using other = await loadTiny({ backend, residency });
    const found: string[][] = [];
    for (const preview of previews) {
      const before = loaded.length;
      await other.generate({ ...small, preview });
      found.push(loaded.slice(before));
    }
    return found;
  }

  test('that stay in memory are not loaded again for a preview', async () => {
    expect(await loadedBy('all', 'linear', 'vae')).toEqual([[], []]);
  });

  test('that come and go: colours are learnt twice', async () => {
    const [loads] = await loadedBy('unet', 'linear');
    expect(loads).toEqual(['text_encoder', 'vae_decoder', 'vae_decoder', 'vae_decoder']);
  });

  test('one at a time: colours cost no load, and are learnt from the result', async () => {
    const [loads] = await loadedBy('one', 'linear');
    expect(loads).toEqual(['text_encoder', 'unet', 'vae_decoder']);
  });
});

describe('colours of latents', () => {
  test('linear previews are nearer to what the VAE shows than the usual colours are', async () => {
    const events = await eventsOf(pipeline.stream({ ...four, numInferenceSteps: 6, preview: 'linear' }));
    const { denoised, preview } = ofType(events, 'step-end').at(-1)!;
    const shown = animationOf(events).frames.map(smaller);
    const usual = colouredFrames(denoised, usualLatentColors(4));
    const score = (frames: readonly Frame[]): number =>
      frames.reduce((sum, { data }, index) => sum + psnr(data, shown[index]!.data), 0) / frames.length;
    console.log(
      `linear previews: ${score(preview!).toFixed(1)} dB fitted, ${score(usual).toFixed(1)} dB usual`,
    );
    expect(score(preview!)).toBeGreaterThan(score(usual) + 3);
  });

  test('a map that is linear is found', () => {
    const latents = float32Tensor(torchRandom(3).normal(4 * 2 * 8 * 8), [1, 4, 2, 8, 8]);
    const truth = {
      weights: [
        [20, 5, -10],
        [0, 15, 3],
        [-8, 8, 8],
        [4, -12, 1],
      ],
      bias: [120, 130, 125],
    };
    const found = fitLatentColors(latents, colouredFrames(latents, truth), usualLatentColors(4));
    found.weights.forEach((row, channel) => {
      row.forEach((value, colour) => {
        expect(Math.abs(value - truth.weights[channel]![colour]!)).toBeLessThan(0.2);
      });
    });
    found.bias.forEach((value, colour) => {
      expect(Math.abs(value - truth.bias[colour]!)).toBeLessThan(0.2);
    });
  });

  test('latents without anything in them teach nothing', () => {
    const flat = float32Tensor(new Float32Array(4 * 16), [1, 4, 1, 4, 4]);
    const grey = colouredFrames(flat, usualLatentColors(4));
    const { weights } = fitLatentColors(flat, grey, usualLatentColors(4));
    weights.forEach((row, channel) => {
      row.forEach((value, colour) => {
        expect(value).toBeCloseTo(usualLatentColors(4).weights[channel]![colour]!, 6);
      });
    });
  });

  test('another number of channels begins grey and can be learnt', () => {
    const latents = float32Tensor(torchRandom(3).normal(16 * 16), [1, 16, 1, 4, 4]);
    const [frame] = colouredFrames(latents, usualLatentColors(16));
    expect(new Set(frame!.data)).toEqual(new Set([128, 255]));
  });

  test('large latents are learnt from six squares, from the first frame to the last', () => {
    const shape = [1, 4, 8, 64, 64] as const;
    const frameOf = (at: number): number => Math.floor(at / 4096) % 8;
    const latents = float32Tensor(
      Float32Array.from({ length: 4 * 8 * 4096 }, (_, at) => frameOf(at)),
      [...shape],
    );
    const patches = latentPatches(latents);
    expect(patches.shape).toEqual([1, 4, 6, 16, 16]);
    expect([0, 1, 2, 3, 4, 5].map((patch) => patches.data[patch * 256])).toEqual([0, 1, 3, 4, 6, 7]);
  });
});

/** A frame's means over squares of 8 by 8 pixels. */
function smaller({ width, height, data }: Frame): Frame {
  const [w, h] = [width / 8, height / 8];
  const out = new Float32Array(4 * w * h);
  for (let i = 0; i < width * height; i++) {
    const to = Math.floor(i / width / 8) * w + Math.floor((i % width) / 8);
    for (let channel = 0; channel < 4; channel++) out[4 * to + channel]! += data[4 * i + channel]! / 64;
  }
  return { width: w, height: h, data: Uint8ClampedArray.from(out) };
}
