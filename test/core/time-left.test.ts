import { expect, test } from 'vitest';
import { timeLeft } from '../../src/core/time-left.js';

/** What is said after each of the given steps, in seconds. */
function estimates(total: number, durations: readonly number[]): (number | undefined)[] {
  let milliseconds = 5000;
  const clock = timeLeft(total, () => milliseconds);
  return durations.map((seconds) => {
    milliseconds += seconds * 1000;
    return clock.stepDone();
  });
}

test('says nothing after one step, which may be all warm-up', () => {
  expect(estimates(10, [9, 2])).toEqual([undefined, 8 * 2]);
});

test('even steps give the obvious answer', () => {
  expect(estimates(5, [2, 2, 2, 2, 2])).toEqual([undefined, 6, 4, 2, 0]);
});

test('a slow first step and a pause in between do not spoil it', () => {
  expect(estimates(20, [30, 1, 1, 1]).at(-1)).toBe(16);
  expect(estimates(20, [1, 1, 600, 1, 1]).at(-1)).toBe(15);
});

test('follows a machine that gets slower', () => {
  expect(estimates(40, [...Array(20).fill(1), ...Array(9).fill(3)]).at(-1)).toBe(11 * 3);
});

test('is 0 at the end and beyond, even of a single step', () => {
  expect(estimates(1, [5])).toEqual([0]);
  expect(estimates(2, [5, 5, 5])).toEqual([undefined, 0, 0]);
});

test('reads a real clock unless given one', () => {
  const clock = timeLeft(3);
  clock.stepDone();
  expect(clock.stepDone()).toBeGreaterThanOrEqual(0);
});
