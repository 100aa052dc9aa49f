import { describe, expect, test } from 'vitest';
import { viewMix } from '../../src/windows/view-mix.js';
import { resolveViews } from '../../src/windows/view-options.js';
import { viewWindows } from '../../src/windows/view-windows.js';
import { fuses } from './support/fuses.js';

const ends = (windows: readonly (readonly number[])[]) =>
  windows.map((window) => [window[0], window.at(-1)! + 1]);

test('views begin every `stride` frames, and the last one ends at the last frame', () => {
  expect(ends(viewWindows(24, 16, 4))).toEqual([
    [0, 16],
    [4, 20],
    [8, 24],
  ]);
  expect(ends(viewWindows(25, 16, 4))).toEqual([
    [0, 16],
    [4, 20],
    [8, 24],
    [9, 25],
  ]);
  expect(ends(viewWindows(26, 16, 4)).at(-1)).toEqual([10, 26]);
  expect(ends(viewWindows(16, 16, 4))).toEqual([[0, 16]]);
  expect(ends(viewWindows(5, 16, 4))).toEqual([[0, 5]]);
});

test('views are FreeNoise’s unless told otherwise', () => {
  expect(resolveViews({}, 32)).toEqual({ length: 16, stride: 4, fuse: 'pyramid' });
  expect(resolveViews(undefined, 8)).toEqual({ length: 8, stride: 4, fuse: 'pyramid' });
  expect(resolveViews({ length: 3 }, 32)).toEqual({ length: 3, stride: 3, fuse: 'pyramid' });
});

describe('what the views give is a weighted mean at every frame', () => {
  const shapes = [1, 2, 3, 5, 8, 16, 24, 32].flatMap((length) =>
    [...new Set([1, Math.min(4, length), Math.ceil(length / 2), length])].map((stride) => ({
      length,
      stride,
    })),
  );

  test.each(fuses)('%s: weights of a frame are its places’, not negative, and sum to 1', (fuse) => {
    const problems: unknown[] = [];
    for (let numFrames = 1; numFrames <= 64; numFrames++) {
      for (const shape of shapes) {
        const { views, length, frames, weights } = viewMix({ ...shape, fuse }, numFrames);
        const places = views * length;
        for (let frame = 0; frame < numFrames; frame++) {
          const row = weights.subarray(frame * places, (frame + 1) * places);
          const sum = row.reduce((total, weight) => total + weight, 0);
          const own = row.every((weight, place) => (frames[place] === frame ? weight >= 0 : weight === 0));
          if (Math.abs(sum - 1) > 1e-6 || !own) problems.push({ ...shape, numFrames, frame, sum });
        }
      }
    }
    expect(problems).toEqual([]);
  });

  test('one view of all frames is the frames themselves', () => {
    const { views, frames, weights } = viewMix(resolveViews({}, 32), 3);
    expect([views, [...frames]]).toEqual([1, [0, 1, 2]]);
    expect([...weights]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  test('the last view counts fully where the frames do not fill the strides', () => {
    // Views 0-3, 2-5 and 3-6, each weighing 1, 2, 2, 1.
    const { weights, frames } = viewMix({ length: 4, stride: 2, fuse: 'pyramid' }, 7);
    expect([...frames]).toEqual([0, 1, 2, 3, 2, 3, 4, 5, 3, 4, 5, 6]);
    const row = (frame: number) => [...weights.subarray(frame * 12, (frame + 1) * 12)];
    const at = (values: Record<number, number>) =>
      Array.from({ length: 12 }, (_, place) => Math.fround(values[place] ?? 0));
    expect(row(3)).toEqual(at({ 3: 1 / 4, 5: 2 / 4, 8: 1 / 4 }));
    expect(row(5)).toEqual(at({ 7: 1 / 3, 10: 2 / 3 }));
    expect(row(6)).toEqual(at({ 11: 1 }));
  });
});

describe('views refuse', () => {
  test.each<[object, RegExp]>([
    [{ length: 33 }, /viewWindows: length: the motion module takes at most 32 frames at once, got 33/],
    [{ length: 8, stride: 9 }, /viewWindows: stride: must be at most length/],
    [{ stride: 17 }, /viewWindows: stride: must be at most length \(16 unless given\)/],
    [{ length: 0 }, /viewWindows: length/],
    [{ stride: 1.5 }, /viewWindows: stride/],
    [{ fuse: 'random' }, /viewWindows: fuse/],
    [{ overlap: 4 }, /viewWindows: .*overlap/],
  ])('%j', (options, message) => {
    expect(() => resolveViews(options, 32)).toThrow(message);
  });

  test('a stride above a module’s few positions', () => {
    expect(() => resolveViews({ stride: 10 }, 8)).toThrow(/viewWindows: stride: expected at most length, 8/);
  });

  test('more frames than there is room for', () => {
    expect(() => viewMix(resolveViews({}, 32), 5000)).toThrow(/viewWindows: 1247 views of 5000 frames/);
  });
});
