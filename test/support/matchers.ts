import * as fc from 'fast-check';
import { expect } from 'vitest';
import { relativeError } from '../../scripts/parity/check.js';

// The same cases in every run: what fails once fails again.
fc.configureGlobal({ seed: 20_231_107 });

expect.extend({
  toBeRelativelyCloseTo(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
    const error = relativeError(actual, expected);
    return {
      pass: error <= tolerance,
      message: () =>
        `relative error ${error.toExponential(2)}, allowed ${tolerance} (${actual.length} values)`,
    };
  },
});

interface CustomMatchers {
  /** Largest absolute difference over the expected values' standard deviation is at most `tolerance`. */
  toBeRelativelyCloseTo(expected: ArrayLike<number>, tolerance: number): void;
}

declare module 'vitest' {
  interface Assertion extends CustomMatchers {}
}
