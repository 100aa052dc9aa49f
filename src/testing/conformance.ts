import { AnimateDiffError } from '../core/errors.js';

/** One behaviour that an implementation of a contract must have. Run it as a test of whatever framework is at hand. */
export interface ConformanceCase {
  /** The behaviour in words: a test's name. */
  readonly name: string;
  /** Resolves when the implementation behaves so. @throws an `Error` that tells the difference. */
  run(): Promise<void>;
}

/** @throws when `condition` is false. */
export function check(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new Error(`expected ${expectation}`);
}

/** @throws unless both have the same length and values within `tolerance` of each other. */
export function checkClose(
  found: ArrayLike<number> | undefined,
  expected: ArrayLike<number>,
  tolerance: number = 1e-5,
): void {
  check(found?.length === expected.length, `${expected.length} values, got ${found?.length ?? 'none'}`);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(found[i]! - expected[i]!);
    check(error <= tolerance, `${expected[i]} at ${i}, got ${found[i]}`);
  }
}

/** What a promise rejects with. @throws when it does not reject. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected ${what} to reject`);
}

/** The error that a promise rejects with. @throws unless it is an `AnimateDiffError` of that code. */
export async function checkCode(promise: Promise<unknown>, code: string): Promise<AnimateDiffError> {
  const error = await rejection(promise, 'the call');
  check(AnimateDiffError.isInstance(error), `an AnimateDiffError, got ${String(error)}`);
  check(error.code === code, `the code '${code}', got '${error.code}': ${error.message}`);
  return error;
}
