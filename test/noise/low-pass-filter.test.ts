import { describe, expect, test } from 'vitest';
import type { VolumeSize } from '../../src/noise/fourier-volume.js';
import type { FreeInitFilter, FreeInitOptions } from '../../src/noise/free-init-options.js';
import { lowPassFilter } from '../../src/noise/low-pass-filter.js';

const filters: readonly FreeInitFilter[] = ['butterworth', 'gaussian', 'ideal', 'box'];

/** Gain at a frequency counted from the zero frequency, negative ones included. */
function gainAt(
  options: FreeInitOptions,
  size: VolumeSize,
  [f, y, x]: readonly [number, number, number],
): number {
  const [frames, height, width] = size;
  const wrapped = (index: number, count: number): number => (index + count) % count;
  const row = wrapped(f, frames) * height + wrapped(y, height);
  return lowPassFilter(options, size)[row * width + wrapped(x, width)]!;
}

const size: VolumeSize = [16, 32, 32];

test.each(filters)('%s lets slow things pass and stops fast ones, evenly on both sides', (filter) => {
  const options = { filter };
  expect(gainAt(options, size, [0, 0, 0])).toBe(1);
  expect(gainAt(options, size, [-8, -16, -16])).toBeLessThan(1e-4);
  expect(gainAt(options, size, [1, 2, 3])).toBeCloseTo(gainAt(options, size, [-1, -2, -3]), 12);
});

test('butterworth is a half at the stop frequency, in time and in space', () => {
  expect(gainAt({}, size, [0, 4, 0])).toBeCloseTo(0.5, 6);
  expect(gainAt({}, size, [0, 0, -4])).toBeCloseTo(0.5, 6);
  expect(gainAt({}, size, [2, 0, 0])).toBeCloseTo(0.5, 6);
  expect(gainAt({ temporalStopFrequency: 0.5 }, size, [4, 0, 0])).toBeCloseTo(0.5, 6);
});

test('a higher order is steeper', () => {
  expect(gainAt({ order: 8 }, size, [0, 3, 0])).toBeGreaterThan(gainAt({ order: 2 }, size, [0, 3, 0]));
  expect(gainAt({ order: 8 }, size, [0, 6, 0])).toBeLessThan(gainAt({ order: 2 }, size, [0, 6, 0]));
});

test('gaussian is exp(-1/2) at the stop frequency', () => {
  expect(gainAt({ filter: 'gaussian' }, size, [0, 4, 0])).toBeCloseTo(Math.exp(-0.5), 6);
});

test('ideal compares the squared distance with twice the stop frequency, as upstream does', () => {
  // √0.5 of 16 frequencies is 11.3, and not the 4 that 0.25 would be.
  expect(gainAt({ filter: 'ideal' }, size, [0, 11, 0])).toBe(1);
  expect(gainAt({ filter: 'ideal' }, size, [0, 12, 0])).toBe(0);
});

test('box holds the frequencies from -threshold to threshold - 1, by height in both directions of space', () => {
  const passed = (at: readonly [number, number, number]): number =>
    gainAt({ filter: 'box' }, [16, 32, 64], at);
  expect([-3, -2, 0, 1, 2].map((f) => passed([f, 0, 0]))).toEqual([0, 1, 1, 1, 0]);
  expect([-5, -4, 0, 3, 4].map((y) => passed([0, y, 0]))).toEqual([0, 1, 1, 1, 0]);
  expect([-5, -4, 0, 3, 4].map((x) => passed([0, 0, x]))).toEqual([0, 1, 1, 1, 0]);
});

test('box rounds halves to even', () => {
  // ⌊20 / 2⌋ · 0.25 = 2.5 frames: 2.
  expect([1, 2].map((f) => gainAt({ filter: 'box' }, [20, 8, 8], [f, 0, 0]))).toEqual([1, 0]);
});

test.each(filters)('%s with a stop frequency of 0 lets nothing pass', (filter) => {
  expect(Math.max(...lowPassFilter({ filter, spatialStopFrequency: 0 }, [4, 4, 4]))).toBe(0);
  expect(Math.max(...lowPassFilter({ filter, temporalStopFrequency: 0 }, [4, 4, 4]))).toBe(0);
});

describe('what is refused', () => {
  test.each<[unknown, RegExp]>([
    [{ filter: 'bessel' }, /freeInit: filter: .*"butterworth"/],
    [{ spatialStopFrequency: 1.5 }, /freeInit: spatialStopFrequency: /],
    [{ iterations: 0, order: -1 }, /freeInit: iterations: .*; order: /],
    [{ method: 'gaussian' }, /freeInit: .*method/],
  ])('%j', (options, message) => {
    expect(() => lowPassFilter(options as FreeInitOptions, [2, 2, 2])).toThrow(message);
  });
});
