/** Float32 results must agree with the reference to this share of its standard deviation. */
export const tolerance = 1e-4;

/** One comparison with a recorded tensor. */
export interface Check {
  readonly name: string;
  readonly error: number;
  readonly passed: boolean;
  /** How far our own output moves when the last bits of the input change, where that was looked at. */
  readonly sensitivity?: number;
}

/** Compares values. */
export function compare(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed = tolerance,
): Check {
  const error = relativeError(actual, expected);
  return { name, error, passed: error <= allowed };
}

/** Largest absolute difference over the reference's standard deviation; infinite when lengths differ or a value is NaN. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let sum = 0;
  let squares = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    sum += expected[i]!;
    squares += expected[i]! ** 2;
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  const variance = squares / expected.length - (sum / expected.length) ** 2;
  return largest / Math.sqrt(Math.max(variance, 1e-30));
}
