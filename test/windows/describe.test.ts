import { expect, test } from 'vitest';
import { describeWindows } from '../../src/windows/describe-windows.js';

test('a plan tells the windows, coverage and evaluations of every step', () => {
  const plan = describeWindows({ schedule: 'static', length: 16, overlap: 4 }, { numFrames: 32, steps: 3 });
  expect(plan.steps.map(({ step }) => step)).toEqual([0, 1, 2]);
  expect(plan.steps[0]!.windows.map((window) => [window[0], window.at(-1)])).toEqual([
    [0, 15],
    [12, 27],
    [16, 31],
  ]);
  const coverage = plan.steps[0]!.coverage;
  expect(coverage).toHaveLength(32);
  expect([coverage[0], coverage[12], coverage[16], coverage[31]]).toEqual([1, 2, 2, 1]);
  expect(plan.steps.map(({ evaluations }) => evaluations)).toEqual([3, 3, 3]);
  expect(plan).toMatchObject({
    numFrames: 32,
    plain: false,
    evaluations: 9,
    context: { schedule: 'static' },
  });
});

test('a plan is plain data', () => {
  const plan = describeWindows({ loop: true }, { numFrames: 20, steps: 4 });
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});

test('an animation that the module takes at once is plain, and costs one evaluation a step', () => {
  expect(describeWindows(undefined, { numFrames: 24, steps: 25, maxFrames: 24 })).toMatchObject({
    plain: true,
    evaluations: 25,
  });
  expect(describeWindows(undefined, { numFrames: 25, steps: 25, maxFrames: 24 }).plain).toBe(false);
});

test('a single window that begins elsewhere is not plain', () => {
  const options = { schedule: 'looped', length: 16, overlap: 0, useOnEqualLength: true } as const;
  expect(describeWindows(options, { numFrames: 16, steps: 2 }).plain).toBe(false);
});

test.each([
  [{ numFrames: 0, steps: 1 }, /numFrames/],
  [{ numFrames: 8, steps: 0 }, /steps/],
  [{ numFrames: 8, steps: 10_001 }, /steps/],
  [{ numFrames: 8, steps: 1, maxFrames: 0 }, /maxFrames/],
])('%j is refused', (run, message) => {
  expect(() => describeWindows({}, run)).toThrow(message);
});
