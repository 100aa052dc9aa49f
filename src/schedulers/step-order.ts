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

/** What a sampler keeps between steps. Arrays in it are never changed, only replaced. */
export interface SamplerMemory {
  /** Earlier predictions, the latest first. */
  history: Float32Array[];
  /** The sample that a step of several evaluations started from. */
  held: Float32Array | undefined;
}

/** A run as plain data, sharing no array with it. */
export function savedState(
  name: string,
  count: number,
  index: number,
  { history, held }: SamplerMemory,
  random: RandomSource,
): SchedulerState {
  const values = { count, history: history.map((kept) => kept.slice()), held: held?.slice() };
  return { scheduler: name, index, values, random: random.state() };
}

/** What a run is restored to. */
export interface RestoredState {
  readonly index: number;
  readonly memory: SamplerMemory;
  readonly random: RandomSource;
}

/**
 * Checks that a stored state is one of this sampler's with this many evaluations, and brings its source of noise back.
 * Arrays may have become lists of numbers on the way, as JSON has them.
 * @throws `invalid-options` otherwise.
 */
export function restoreState(
  { name, historyLength }: { readonly name: string; readonly historyLength: number },
  count: number,
  request: ResumeRequest,
  state: SchedulerState,
): RestoredState {
  const { scheduler, index, values } = state;
  const { history = [], held } = values as { history?: unknown; held?: unknown };
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
  if (!Array.isArray(history) || history.length > historyLength) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: values.history of the state to resume is not a list of at most ${historyLength} arrays`,
    );
  }
  const memory: SamplerMemory = {
    history: history.map((kept: unknown, i) => restoredArray(name, `history[${i}]`, kept)),
    held: held === undefined || held === null ? undefined : restoredArray(name, 'held', held),
  };
  return { index, memory, random: (request.restoreRandom ?? restoreTorchRandom)(state.random) };
}

function restoredArray(name: string, what: string, value: unknown): Float32Array {
  if (value instanceof Float32Array) return value.slice();
  if (Array.isArray(value) && value.every((each) => Number.isFinite(each))) return Float32Array.from(value);
  throw new AnimateDiffError(
    'invalid-options',
    `${name}: values.${what} of the state to resume is not an array of numbers`,
  );
}
