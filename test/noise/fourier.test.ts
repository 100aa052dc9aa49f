import { describe, expect, test } from 'vitest';
import { torchRandom } from '../../src/core/torch-random.js';
import { fourierTransform } from '../../src/noise/fourier.js';
import { type VolumeSize, volumeTransform } from '../../src/noise/fourier-volume.js';
import { type Complex, largestDifference, naiveDft } from './support/naive-dft.js';

function randomValues(count: number): Complex {
  const random = torchRandom(9);
  return { re: Float64Array.from(random.normal(count)), im: Float64Array.from(random.normal(count)) };
}

const copy = ({ re, im }: Complex): Complex => ({ re: re.slice(), im: im.slice() });
const energy = ({ re, im }: Complex): number =>
  re.reduce((sum, value, i) => sum + value ** 2 + im[i]! ** 2, 0);

describe('the transform of a line', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20, 24, 31, 36, 64, 81, 97, 100, 128, 210])(
    'of %d values equals the definition',
    (size) => {
      const values = randomValues(size);
      const expected = naiveDft(values, [1, 1, size], -1);
      const actual = copy(values);
      fourierTransform(size).forward(actual.re, actual.im);
      expect(largestDifference(actual.re, expected.re)).toBeLessThan(1e-11);
      expect(largestDifference(actual.im, expected.im)).toBeLessThan(1e-11);
    },
  );

  test.each([1, 2, 9, 24, 64, 1000, 1009, 4096])('of %d values comes back, and keeps the energy', (size) => {
    const values = randomValues(size);
    const actual = copy(values);
    const transform = fourierTransform(size);
    transform.forward(actual.re, actual.im);
    expect(energy(actual) / size / energy(values)).toBeCloseTo(1, 12);
    transform.inverse(actual.re, actual.im);
    expect(largestDifference(actual.re, values.re)).toBeLessThan(1e-12);
    expect(largestDifference(actual.im, values.im)).toBeLessThan(1e-12);
  });

  test('of a wave is a single peak', () => {
    const size = 20;
    const re = Float64Array.from({ length: size }, (_, k) => Math.cos((2 * Math.PI * 3 * k) / size));
    const im = new Float64Array(size);
    fourierTransform(size).forward(re, im);
    const expected = Array.from({ length: size }, (_, j) => (j === 3 || j === 17 ? size / 2 : 0));
    expect(largestDifference(re, expected)).toBeLessThan(1e-12);
    expect(largestDifference(im, new Float64Array(size))).toBeLessThan(1e-12);
  });
});

describe('the transform of a volume', () => {
  test.each<VolumeSize>([
    [1, 1, 1],
    [4, 1, 3],
    [2, 4, 8],
    [3, 5, 7],
    [9, 6, 4],
  ])('of %d × %d × %d equals the definition both ways, and keeps the energy', async (...size) => {
    const values = randomValues(size[0] * size[1] * size[2]);
    const transform = volumeTransform(size);
    const there = copy(values);
    await transform.forward(there.re, there.im);
    const expected = naiveDft(values, size, -1);
    expect(largestDifference(there.re, expected.re)).toBeLessThan(1e-11);
    expect(largestDifference(there.im, expected.im)).toBeLessThan(1e-11);
    expect(energy(there) / values.re.length / energy(values)).toBeCloseTo(1, 12);
    await transform.inverse(there.re, there.im);
    expect(largestDifference(there.re, values.re)).toBeLessThan(1e-12);
    expect(largestDifference(there.im, values.im)).toBeLessThan(1e-12);
  });

  test('lets others work meanwhile, and stops when asked', async () => {
    const values = randomValues(24 * 64 * 64);
    const controller = new AbortController();
    setImmediate(() => controller.abort(new Error('enough')));
    const transform = volumeTransform([24, 64, 64]);
    await expect(transform.forward(values.re, values.im, controller.signal)).rejects.toThrow('enough');
  });
});
