import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linearTicks, logTicks, tickText } from '../../src/plots/axis-ticks.js';

test('marks are round numbers that enclose all values', () => {
  expect(linearTicks(0, 999, 5)).toEqual([0, 200, 400, 600, 800, 1000]);
  expect(linearTicks(1, 25, 8)).toEqual([0, 5, 10, 15, 20, 25]);
  expect(linearTicks(0.1, 0.7, 6)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
  expect(logTicks(0.029, 25)).toEqual([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]);
  expect(logTicks(1e-6, 4000)).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000, 10_000]);
});

test('an axis of one value still has a length', () => {
  expect(linearTicks(3, 3, 5).length).toBeGreaterThan(1);
  for (const value of [1, 2, 3, 0.05]) expect(logTicks(value, value).length).toBeGreaterThan(1);
});

test('every range is enclosed by few marks', () => {
  const positive = fc.double({ min: 1e-8, max: 1e8, noNaN: true });
  fc.assert(
    fc.property(positive, positive, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      for (const ticks of [linearTicks(low, high, 6), logTicks(low, high)]) {
        expect(ticks[0]).toBeLessThanOrEqual(low * (1 + 1e-8));
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(high * (1 - 1e-8));
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThan(20);
      }
    }),
  );
});

test('numbers are told in few letters', () => {
  expect([0, 0.05, 1000, 1e-6, 2e7].map(tickText)).toEqual(['0', '0.05', '1000', '1e-6', '2e+7']);
});
