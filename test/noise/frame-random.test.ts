import { expect, test } from 'vitest';
import { frameRandom } from '../../src/noise/frame-random.js';

const first = (seed: number, frame: number): number => frameRandom(seed, frame).normal(16)[0]!;

test("a frame's noise depends on the seed and the frame, and on nothing else", () => {
  expect(frameRandom(7, 3).normal(64)).toEqual(frameRandom(7, 3).normal(64));
  expect(first(7, 3)).not.toBe(first(7, 4));
  expect(first(7, 3)).not.toBe(first(8, 3));
});

test('no two frames of neighbouring seeds share their noise', () => {
  const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];
  const all = seeds.flatMap((seed) => Array.from({ length: 100 }, (_, frame) => first(seed, frame)));
  expect(new Set(all).size).toBe(600);
});

test('frames are independent normals', () => {
  const clip = Array.from({ length: 400 }, (_, frame) => frameRandom(5, frame).normal(64));
  const all = clip.flatMap((frame) => [...frame]);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + value * value, 0) / all.length;
  const neighbours = clip
    .slice(1)
    .flatMap((frame, i) => [...frame].map((value, at) => value * clip[i]![at]!));
  const correlation = neighbours.reduce((sum, value) => sum + value, 0) / neighbours.length;
  // Four standard errors of 25 600 draws.
  expect(Math.abs(mean)).toBeLessThan(0.025);
  expect(Math.abs(variance - 1)).toBeLessThan(0.036);
  expect(Math.abs(correlation)).toBeLessThan(0.025);
});
