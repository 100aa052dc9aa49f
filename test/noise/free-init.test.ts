import { describe, expect, test } from 'vitest';
import { elementCount } from '../../src/core/tensor.js';
import { torchRandom } from '../../src/core/torch-random.js';
import { type FreeInitRequest, freeInitNoise, freeInitSteps } from '../../src/noise/free-init.js';
import type { FreeInitFilter, FreeInitOptions } from '../../src/noise/free-init-options.js';
import { largestDifference, naiveDft } from './support/naive-dft.js';

const finalAlpha = 0.0047;

function request(shape: readonly number[], options?: FreeInitOptions): FreeInitRequest {
  const draw = (seed: number): Float32Array => torchRandom(seed).normal(elementCount(shape));
  return { previous: draw(1), startNoise: draw(2), fresh: draw(3), finalAlpha, shape, options };
}

function noised({ previous, startNoise }: FreeInitRequest): Float32Array {
  return previous.map(
    (value, i) => Math.sqrt(finalAlpha) * value + Math.sqrt(1 - finalAlpha) * startNoise[i]!,
  );
}

/** Gain at a place of the spectrum that was shifted so that the zero frequency is in the middle. */
type ShiftedGain = (place: readonly number[], size: readonly number[]) => number;

const squared = (place: readonly number[], size: readonly number[], temporal: number): number =>
  place.reduce((sum, at, axis) => sum + ((axis === 0 ? temporal : 1) * ((2 * at) / size[axis]! - 1)) ** 2, 0);

/** With stop frequencies 0.5 in space and 0.25 in time. */
const gains: Readonly<Record<FreeInitFilter, ShiftedGain>> = {
  butterworth: (place, size) => 1 / (1 + (squared(place, size, 2) / 0.25) ** 4),
  gaussian: (place, size) => Math.exp(-squared(place, size, 2) / 0.5),
  ideal: (place, size) => (squared(place, size, 2) <= 1 ? 1 : 0),
  box: (place, size) => {
    const half = size.map((count) => Math.floor(count / 2));
    const thresholds = [Math.round(half[0]! * 0.25), Math.round(half[1]! * 0.5), Math.round(half[1]! * 0.5)];
    return place.every(
      (at, axis) => at >= half[axis]! - thresholds[axis]! && at < half[axis]! + thresholds[axis]!,
    )
      ? 1
      : 0;
  },
};

/** The formula as it stands: both spectra by definition, mixed, and back; the real part. */
function dense(input: FreeInitRequest, gain: ShiftedGain): number[] {
  const [, channels = 0, ...size] = input.shape;
  const [frames = 0, height = 0, width = 0] = size;
  const volume = frames * height * width;
  const low = noised(input);
  return Array.from({ length: channels }, (_, channel) => {
    const spectrum = (values: Float32Array) => {
      const re = Float64Array.from(values.subarray(channel * volume, (channel + 1) * volume));
      return naiveDft({ re, im: new Float64Array(volume) }, size, -1);
    };
    const [kept, added] = [spectrum(low), spectrum(input.fresh)];
    const mixed = { re: new Float64Array(volume), im: new Float64Array(volume) };
    for (let i = 0; i < volume; i++) {
      const index = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
      const g = gain(
        index.map((at, axis) => (at + Math.floor(size[axis]! / 2)) % size[axis]!),
        size,
      );
      mixed.re[i] = g * kept.re[i]! + (1 - g) * added.re[i]!;
      mixed.im[i] = g * kept.im[i]! + (1 - g) * added.im[i]!;
    }
    return [...naiveDft(mixed, size, 1).re].map((value) => value / volume);
  }).flat();
}

const stops = { spatialStopFrequency: 0.5, temporalStopFrequency: 0.25 };

describe('the next iteration’s noise', () => {
  test.each(
    (['butterworth', 'gaussian', 'ideal', 'box'] as const).flatMap((filter) =>
      [
        [1, 2, 8, 4, 4],
        [1, 3, 9, 5, 3],
        [1, 1, 6, 7, 4],
        [1, 4, 1, 6, 5],
      ].map((shape) => ({ filter, shape })),
    ),
  )('by $filter for $shape equals the formula computed by definition', async ({ filter, shape }) => {
    const input = request(shape, { filter, ...stops });
    expect(largestDifference(await freeInitNoise(input), dense(input, gains[filter]))).toBeLessThan(2e-6);
  });

  test('is the fresh noise where nothing passes', async () => {
    const input = request([1, 4, 9, 6, 5], { spatialStopFrequency: 0 });
    expect(await freeInitNoise(input)).toEqual(input.fresh);
  });

  test('is the noised result where everything passes', async () => {
    const everything = { spatialStopFrequency: 1, temporalStopFrequency: 1 };
    const input = request([1, 2, 4, 6, 6], { filter: 'box', ...everything });
    expect(largestDifference(await freeInitNoise(input), noised(input))).toBeLessThan(1e-6);
  });

  test('keeps the mean of the noised result, and the detail of the fresh noise', async () => {
    const shape = [1, 1, 8, 16, 16];
    const input = request(shape, { filter: 'butterworth' });
    const volume = elementCount(shape);
    const dc = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / volume;
    // What alternates from pixel to pixel and frame to frame is the highest frequency.
    const alternating = (values: Float32Array): number =>
      values.reduce((sum, value, i) => {
        const parity = (i % 16) + (Math.floor(i / 16) % 16) + Math.floor(i / 256);
        return sum + (parity % 2 === 0 ? value : -value);
      }, 0) / volume;
    const result = await freeInitNoise(input);
    expect(dc(result)).toBeCloseTo(dc(noised(input)), 6);
    expect(alternating(result)).toBeCloseTo(alternating(input.fresh), 4);
  });

  test('of standard normal noise has the variance that the filter leaves', async () => {
    const shape = [1, 4, 16, 32, 32];
    const input = request(shape, { filter: 'ideal' });
    const result = await freeInitNoise({ ...input, finalAlpha: 0 });
    const variance = result.reduce((sum, value) => sum + value * value, 0) / result.length;
    // An ideal filter takes each frequency from one of two independent sources: 1 in all.
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / result.length));
  });

  test('does not change what it was given', async () => {
    const input = request([1, 2, 4, 3, 3]);
    await freeInitNoise(input);
    expect(input).toEqual(request([1, 2, 4, 3, 3]));
  });

  test('is not computed on when nobody wants it', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(freeInitNoise({ ...request([1, 2, 4, 3, 3]), signal })).rejects.toThrow('enough');
  });

  test.each<[string, Partial<FreeInitRequest>, RegExp]>([
    [
      'too few numbers',
      { fresh: new Float32Array(3) },
      /fresh: expected 72 numbers for shape \[1, 2, 4, 3, 3\], got 3/,
    ],
    ['no share', { finalAlpha: Number.NaN }, /finalAlpha: expected a number in \[0, 1\], got NaN/],
    ['another shape', { shape: [72] }, /shape: expected \[1, channels, frames, height, width\]/],
    ['a wrong option', { options: { order: 0 } }, /freeInit: order/],
  ])('refuses %s', async (_, part, message) => {
    await expect(freeInitNoise({ ...request([1, 2, 4, 3, 3]), ...part })).rejects.toThrow(message);
  });
});

describe('steps of an iteration', () => {
  test('are all, unless fast sampling is asked for', () => {
    expect([0, 1, 2].map((iteration) => freeInitSteps(25, iteration))).toEqual([25, 25, 25]);
  });

  test('grow to all with fast sampling', () => {
    const fast = { useFastSampling: true };
    expect([0, 1, 2].map((iteration) => freeInitSteps(25, iteration, fast))).toEqual([8, 16, 25]);
    expect([0, 1, 2].map((iteration) => freeInitSteps(2, iteration, fast))).toEqual([1, 1, 2]);
  });

  test('are all in the last iteration, for every number', () => {
    for (let steps = 1; steps <= 100; steps++) {
      for (let iterations = 1; iterations <= 10; iterations++) {
        expect(freeInitSteps(steps, iterations - 1, { iterations, useFastSampling: true })).toBe(steps);
      }
    }
  });
});
