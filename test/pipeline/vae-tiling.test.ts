import { resolve } from 'node:path';
import {
  AnimateDiffPipeline,
  decodeGenerationState,
  encodeGenerationState,
  type Float32Tensor,
  type Frame,
  float32Tensor,
  type GenerateOptions,
  torchRandom,
  type VaeTiling,
} from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mixedStatistics, noStatistics } from '../../src/pipeline/tile-statistics.js';
import { vaeTiles } from '../../src/pipeline/vae-tiling.js';
import { loadTiny } from '../support/tiny-model.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

const noise = (shape: readonly number[]): Float32Tensor =>
  float32Tensor(torchRandom(2).normal(shape.reduce((a, b) => a * b, 1)), shape);

describe('the VAE takes an image whole', () => {
  test.each<[VaeTiling | undefined, number, number]>([
    [undefined, 96, 96],
    ['auto', 72, 128],
    [false, 1000, 1000],
    [true, 64, 64],
    [true, 40, 64],
    [{ tileSize: 1024 }, 128, 100],
  ])('with %j at %i×%i latent pixels', (tiling, height, width) => {
    expect(vaeTiles(height, width, 8, tiling)).toBeUndefined();
  });

  test('bit for bit, when a tile would hold it', async () => {
    const { vae } = pipeline.components;
    const latents = noise([2, 4, 8, 6]);
    const images = noise([1, 3, 64, 48]);
    const plain = [await vae.decode(latents, { tiling: false }), await vae.encode(images, { tiling: false })];
    for (const tiling of [undefined, true, { tileSize: 64 }]) {
      expect([await vae.decode(latents, { tiling }), await vae.encode(images, { tiling })]).toEqual(plain);
    }
  });
});

describe('the VAE works on tiles', () => {
  test.each<[VaeTiling | undefined, number, number]>([
    [undefined, 96, 97],
    ['auto', 128, 128],
    [true, 64, 65],
    [{ tileSize: 256 }, 33, 20],
  ])('with %j at %i×%i latent pixels', (tiling, height, width) => {
    expect(vaeTiles(height, width, 8, tiling)).toBeDefined();
  });

  test('of 512 pixels that share a quarter, all of one size', () => {
    const plan = vaeTiles(128, 96, 8);
    const rows = { length: 128, size: 54, starts: [0, 37, 74] };
    expect(plan!.blended).toEqual({ rows, columns: { length: 96, size: 56, starts: [0, 40] } });
    expect(plan!.measured.rows).toEqual({ length: 128, size: 64, starts: [0, 64] });
  });

  test('one image after the other, in any number and shape', async () => {
    const { vae } = pipeline.components;
    const latents = noise([2, 4, 9, 5]);
    const tiling = { tileSize: 40, overlap: 8 };
    const runs: string[] = [];
    const both = await vae.decode(latents, { tiling, onRun: (done, total) => runs.push(`${done}/${total}`) });
    expect(both.shape).toEqual([2, 3, 72, 40]);
    // Two tiles to measure and two to blend, for each image.
    expect(runs).toEqual(['1/8', '2/8', '3/8', '4/8', '5/8', '6/8', '7/8', '8/8']);
    const second = float32Tensor(latents.data.slice(180), [1, 4, 9, 5]);
    expect(both.data.slice(3 * 72 * 40)).toEqual((await vae.decode(second, { tiling })).data);
    const { mean, logvar } = await vae.encode(both, { tiling });
    expect([mean.shape, logvar.shape]).toEqual([latents.shape, latents.shape]);
  });

  test('and stops between two of them', async () => {
    const { vae } = pipeline.components;
    const stop = new AbortController();
    const runs: number[] = [];
    const onRun = (done: number): void => {
      runs.push(done);
      if (done === 3) stop.abort();
    };
    const options = { tiling: { tileSize: 32 }, onRun, signal: stop.signal };
    await expect(vae.decode(noise([1, 4, 8, 8]), options)).rejects.toMatchObject({ name: 'AbortError' });
    expect(runs).toEqual([1, 2, 3]);
  });
});

test('statistics of tiles together are those of all their pixels', () => {
  const values = [
    [1, 2, 4, 9],
    [3, 3, -5, 0],
  ];
  const meanOf = (of: readonly number[]): number => of.reduce((a, b) => a + b) / of.length;
  const varianceOf = (of: readonly number[]): number => meanOf(of.map((each) => (each - meanOf(of)) ** 2));
  const one = (value: number): Float32Tensor => float32Tensor(Float32Array.of(value), [1, 1, 1]);
  const tiles = values.map((tile) => ({ means: one(meanOf(tile)), variances: one(varianceOf(tile)) }));
  const { means, variances } = mixedStatistics(tiles);
  expect(means.data[0]).toBeCloseTo(meanOf(values.flat()), 5);
  expect(variances.data[0]).toBeCloseTo(varianceOf(values.flat()), 5);
  expect(noStatistics(3, 2).means.shape).toEqual([3, 2, 1]);
});

describe('on pictures, with a VAE that was trained', () => {
  let trained: AnimateDiffPipeline;
  beforeAll(async () => {
    const checkpoint = fileSource(resolve(import.meta.dirname, '../../models/embedded/model'));
    trained = await AnimateDiffPipeline.load({ backend: ortNode(), checkpoint });
  });
  afterAll(() => trained.dispose());

  /** Circles of different colours on a dark background, 256×192, −1 to 1. */
  function picture(): Float32Tensor {
    const [height, width] = [192, 256];
    const data = new Float32Array(3 * height * width).fill(-1);
    const colours = [
      [1, -1, -1],
      [-1, 0.2, 1],
      [-1, 1, -0.5],
    ];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (Math.hypot((x % 64) - 32, (y % 64) - 32) > 18) continue;
        const colour = colours[(Math.floor(x / 64) + Math.floor(y / 64)) % 3]!;
        for (let channel = 0; channel < 3; channel++) {
          data[(channel * height + y) * width + x] = colour[channel]!;
        }
      }
    }
    return float32Tensor(data, [1, 3, height, width]);
  }

  const distance = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

  test('tiles of half the size are decoded and encoded as the whole, but for little', async () => {
    const { vae } = trained.components;
    const plain = await vae.encode(picture(), { tiling: false });
    const tiled = await vae.encode(picture(), { tiling: { tileSize: 128 } });
    const spread = Math.sqrt(
      plain.mean.data.reduce((sum, value) => sum + value ** 2, 0) / plain.mean.data.length,
    );
    const encoded = distance(tiled.mean.data, plain.mean.data) / spread;
    const image = await vae.decode(plain.mean, { tiling: false });
    const inTiles = await vae.decode(plain.mean, { tiling: { tileSize: 128 } });
    const decoded = (255 / 2) * distance(inTiles.data, image.data);
    // Measured: 1.4% of the latents' spread, and 2.5 of 255.
    expect(encoded).toBeLessThan(0.02);
    expect(decoded).toBeLessThan(3);
  });
});

describe('generate', () => {
  const options: Partial<GenerateOptions> = { width: 64, height: 48, vaeTiling: { tileSize: 32 } };
  const run = async (more: Partial<GenerateOptions> = {}) =>
    eventsOf(pipeline.stream({ ...small, ...options, ...more }));

  test('decodes in tiles, with the same events, and knows soon how long it will take', async () => {
    const tiled = await run();
    const plain = await run({ vaeTiling: false });
    expect(tiled.map(({ type }) => type)).toEqual(plain.map(({ type }) => type));
    expect(animationOf(tiled).latents).toEqual(animationOf(plain).latents);
    expect(animationOf(tiled).frames).not.toEqual(animationOf(plain).frames);
    const [first, , last] = ofType(tiled, 'frame-decoded');
    expect(first!.secondsLeft).toBeGreaterThan(0);
    expect(last!.secondsLeft).toBe(0);
  });

  test('encodes a video in tiles', async () => {
    const data = Uint8ClampedArray.from({ length: 4 * 64 * 48 }, (_, i) =>
      i % 4 === 3 ? 255 : (i * 7) % 256,
    );
    const video: Frame[] = [{ width: 64, height: 48, data }];
    const [tiled, plain] = [
      animationOf(await run({ video, strength: 0 })),
      animationOf(await run({ video, strength: 0, vaeTiling: false })),
    ];
    expect(tiled.latents.shape).toEqual(plain.latents.shape);
    expect(tiled.latents).not.toEqual(plain.latents);
  });

  test('is the same whatever stays in memory', async () => {
    await using sparing = await loadTiny({ residency: 'one' });
    const { frames } = await sparing.generate({ ...small, ...options });
    expect(frames).toEqual(animationOf(await run()).frames);
  });

  test('goes on with the same tiles', async () => {
    const events = await run({ checkpointEvery: 1 });
    const [checkpoint] = ofType(events, 'checkpoint');
    const state = decodeGenerationState(encodeGenerationState(checkpoint!.state));
    expect(state.options['vaeTiling']).toEqual({ tileSize: 32 });
    const resumed = await eventsOf(pipeline.resume(state));
    expect(animationOf(resumed).frames).toEqual(animationOf(events).frames);
  });

  test.each<[unknown, RegExp]>([
    [{ tileSize: 100 }, /vaeTiling\.tileSize: .*multiple of 8/],
    [{ tileSize: 8 }, /vaeTiling\.tileSize: .*16/],
    [{ tileSize: 64, overlap: 40 }, /vaeTiling\.overlap: .*at most half of a tile/],
    [{ overlap: 264 }, /vaeTiling\.overlap: .*at most half of a tile/],
    [{ overlap: -8 }, /vaeTiling\.overlap: .*0/],
    [{ size: 64 }, /vaeTiling: .*size/],
    ['always', /vaeTiling: .*auto/],
    [512, /vaeTiling: .*boolean/],
  ])('refuses %j by name', async (vaeTiling, message) => {
    const wrong = run({ vaeTiling: vaeTiling as VaeTiling });
    await expect(wrong).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
    const decoded = pipeline.components.vae.decode(noise([1, 4, 8, 8]), { tiling: vaeTiling as VaeTiling });
    await expect(decoded).rejects.toMatchObject({ code: 'invalid-options' });
  });
});
