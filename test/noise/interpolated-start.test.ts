import { describe, expect, test } from 'vitest';
import { elementCount, type Float32Tensor, float32Tensor } from '../../src/core/tensor.js';
import { torchRandom } from '../../src/core/torch-random.js';
import { interpolatedStart, pictureWeights } from '../../src/noise/interpolated-start.js';
import type { InterpolatedStartOptions } from '../../src/noise/interpolation-options.js';

function random(shape: readonly number[], seed: number): Float32Tensor {
  return float32Tensor(torchRandom(seed).normal(elementCount(shape)), shape);
}

const first = random([1, 4, 3, 5], 1);
const last = random([1, 4, 3, 5], 2);
const noise = random([1, 4, 6, 3, 5], 3);

function frameOf({ data, shape }: Float32Tensor, frame: number): number[] {
  const [, channels = 0, frames = 0, height = 0, width = 0] = shape;
  const plane = height * width;
  return Array.from({ length: channels }, (_, channel) => {
    const from = (channel * frames + frame) * plane;
    return [...data.slice(from, from + plane)];
  }).flat();
}

describe('linear', () => {
  test('weights fall by a 32nd a frame', () => {
    const { first: weights, last: none } = pictureWeights(64, false);
    expect(weights.slice(0, 3)).toEqual([1, 31 / 32, 30 / 32]);
    expect(weights.slice(31, 34)).toEqual([1 / 32, 0, 0]);
    expect(Math.max(...none)).toBe(0);
  });

  test('power and scale shape the fall', () => {
    expect(pictureWeights(5, false, { power: 2, scale: 8 }).first).toEqual([1, 7 / 8, 4 / 8, 0, 0]);
  });

  test('a last picture has the mirrored weights; together they never exceed 1; each has its own frame alone', () => {
    const { first: a, last: b } = pictureWeights(16, true);
    expect(b).toEqual(a.toReversed());
    expect([a[0], a[15], b[0], b[15]]).toEqual([1, 0, 0, 1]);
    for (const [i, weight] of a.entries()) expect(weight + b[i]!).toBeLessThanOrEqual(1 + 1e-12);
    // (1 - 5/32) of (1 - 5/32) + (1 - 10/32).
    expect(a[5]).toBeCloseTo(27 / (27 + 22), 12);
  });

  test('far apart, pictures leave room for noise between them', () => {
    const { first: a, last: b } = pictureWeights(128, true);
    expect(a[64]! + b[64]!).toBe(0);
  });

  test('frames are pictures and noise by weight', () => {
    const weights = pictureWeights(6, true, { scale: 4 });
    const start = interpolatedStart(first, last, noise, { scale: 4 });
    expect(start.shape).toEqual(noise.shape);
    for (let frame = 0; frame < 6; frame++) {
      const [w, v] = [weights.first[frame]!, weights.last[frame]!];
      const expected = frameOf(noise, frame).map(
        (value, i) => w * first.data[i]! + v * last.data[i]! + (1 - w - v) * value,
      );
      for (const [i, value] of frameOf(start, frame).entries()) expect(value).toBeCloseTo(expected[i]!, 6);
    }
    expect(frameOf(start, 0)).toEqual([...first.data]);
    expect(frameOf(start, 5)).toEqual([...last.data]);
  });

  test('without a last picture the end is noise once the first has no weight', () => {
    const start = interpolatedStart(first, undefined, noise, { scale: 2 });
    expect(frameOf(start, 0)).toEqual([...first.data]);
    expect(frameOf(start, 2)).toEqual(frameOf(noise, 2));
  });
});

describe('spherical', () => {
  const options: InterpolatedStartOptions = { method: 'spherical', strength: 0.5 };

  test('starts from noise and leans towards the picture', () => {
    const start = interpolatedStart(first, undefined, noise, options);
    const cosine = (a: readonly number[], b: ArrayLike<number>): number => {
      const dot = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
        Array.from(x).reduce((sum, value, i) => sum + value * y[i]!, 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    expect(frameOf(start, 0)).toEqual(frameOf(noise, 0));
    for (const frame of [1, 3, 5]) {
      const original = frameOf(noise, frame);
      const angle = Math.acos(cosine(original, first.data));
      const share = (frame / 6) * 0.5;
      const expected = original.map(
        (value, i) =>
          (Math.sin((1 - share) * angle) * value + Math.sin(share * angle) * first.data[i]!) /
          Math.sin(angle),
      );
      for (const [i, value] of frameOf(start, frame).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    }
  });

  test('keeps the length of vectors of equal length', () => {
    const norm = (values: readonly number[]): number => Math.hypot(...values);
    const scaled = (tensor: Float32Tensor, factor: number): Float32Tensor =>
      float32Tensor(
        tensor.data.map((value) => value * factor),
        tensor.shape,
      );
    const unit = scaled(first, 1 / norm([...first.data]));
    const single = random([1, 4, 2, 3, 5], 4);
    const start = interpolatedStart(unit, undefined, scaled(single, 1 / norm(frameOf(single, 1))), options);
    expect(norm(frameOf(start, 1))).toBeCloseTo(1, 5);
  });

  test('at strength 1 is the noise', () => {
    expect(interpolatedStart(first, undefined, noise, { method: 'spherical', strength: 1 }).data).toEqual(
      noise.data,
    );
  });

  test('goes straight where there is no arc: a black picture, or one like the noise', () => {
    const nothing = float32Tensor(new Float32Array(60), first.shape);
    const faded = interpolatedStart(nothing, undefined, noise, options);
    for (const [i, value] of frameOf(faded, 3).entries()) {
      expect(value).toBeCloseTo(0.75 * frameOf(noise, 3)[i]!, 6);
    }
    const same = float32Tensor(Float32Array.from(frameOf(noise, 3)), first.shape);
    const unchanged = frameOf(interpolatedStart(same, undefined, noise, options), 3);
    for (const [i, value] of unchanged.entries()) expect(value).toBeCloseTo(frameOf(noise, 3)[i]!, 6);
  });
});

describe('what is refused', () => {
  test('a picture of another size', () => {
    expect(() => interpolatedStart(random([1, 4, 5, 3], 1), undefined, noise)).toThrow(
      /first: expected latents of shape \[1, 4, 3, 5\], got \[1, 4, 5, 3\]/,
    );
    expect(() => interpolatedStart(first, random([1, 3, 3, 5], 1), noise)).toThrow(/last: expected/);
  });

  test('a last picture that has no place', () => {
    expect(() => interpolatedStart(first, last, random([1, 4, 1, 3, 5], 3))).toThrow(/single frame/);
    expect(() => interpolatedStart(first, last, noise, { method: 'spherical' })).toThrow(
      /only method 'linear'/,
    );
  });

  test.each<[unknown, RegExp]>([
    [{ scale: 0 }, /interpolatedStart: scale: /],
    [{ power: 0, strength: 2 }, /power: .*; strength: /],
    [{ method: 'cubic' }, /method: .*"linear"/],
  ])('%j', (options, message) => {
    expect(() => interpolatedStart(first, undefined, noise, options as never)).toThrow(message);
  });
});
