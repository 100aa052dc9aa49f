import { AnimateDiffError } from '../core/errors.js';
import type { RandomSource } from '../core/random.js';
import { restoreTorchRandom } from '../core/torch-random.js';
import type { ResumeRequest, SchedulerState } from './scheduler.js';

/** Where a run stands; refuses what is out of order. */
export interface StepOrder {
  /** Index of the next step; the number of steps at the end. */
  readonly next: number;
  /** Moves on past step `index`. @throws `invalid-options` when that is not the next one. */
  advance(index: number): void;
  /** @throws `invalid-options` when there is no step `index`. */
  check(index: number): void;
}

/** @param first Index of the first step to take. */
export function stepOrder(name: string, count: number, first: number): StepOrder {
  let next = first;
  return {
    get next() {
      return next;
    },
    advance(index) {
      if (index !== next || index >= count) {
        const expected = next < count ? `step ${next} is next` : `all ${count} steps are done`;
        throw new AnimateDiffError(
          'invalid-options',
          `${name}: step ${index} was asked for, but ${expected}`,
        );
      }
      next++;
    },
    check(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new AnimateDiffError(
          'invalid-options',
          `${name}: no step ${index}; there are 0 to ${count - 1}`,
        );
      }
    },
  };
}

/** @throws `invalid-options` when two arrays that belong together differ in length. */
export function checkSameLength(name: string, first: Float32Array, second: Float32Array): void {
  if (first.length !== second.length) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: expected two arrays of the same shape, got ${first.length} and ${second.length} values`,
    );
  }
}

/**
 * Checks that a stored state is one of this sampler's with this many steps, and brings its source of noise back.
 * @throws `invalid-options` otherwise.
 */
export function restoreState(
  name: string,
  count: number,
  request: ResumeRequest,
  state: SchedulerState,
): { index: number; random: RandomSource } {
  const { scheduler, index, values } = state;
  if (
    scheduler !== name ||
    values['count'] !== count ||
    !(Number.isInteger(index) && index >= 0 && index <= count)
  ) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: the state to resume is step ${index} of ${String(values['count'])} of '${scheduler}'; ` +
        `this run has ${count} steps of '${name}'`,
    );
  }
  return { index, random: (request.restoreRandom ?? restoreTorchRandom)(state.random) };
}
