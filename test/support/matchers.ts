import { expect } from 'vitest';

/** Largest absolute difference over the reference's standard deviation. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let sum = 0;
  let squares = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    sum += expected[i]!;
    squares += expected[i]! ** 2;
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  const variance = squares / expected.length - (sum / expected.length) ** 2;
  return largest / Math.sqrt(Math.max(variance, 1e-30));
}

expect.extend({
  toBeRelativelyCloseTo(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
    const error = relativeError(actual, expected);
    return {
      pass: error <= tolerance,
      message: () => `relative error ${error.toExponential(2)}, allowed ${tolerance} (${actual.length} values)`,
    };
  },
});

interface CustomMatchers {
  /** Largest absolute difference over the expected values' standard deviation is at most `tolerance`. */
  toBeRelativelyCloseTo(expected: ArrayLike<number>, tolerance: number): void;
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noEmptyInterface: vitest's way of declaring matchers
  interface Assertion extends CustomMatchers {}
}
