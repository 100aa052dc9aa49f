import { mersenneTwister } from '../core/mersenne-twister.js';
import { torchRandom } from '../core/torch-random.js';

/** Random numbers of one purpose at one place of a training run. */
export interface TrainingRandom {
  /** A number in [0, 1). */
  uniform(): number;
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number;
  /** Draws from N(0, 1). */
  normal(count: number): Float32Array;
}

/** What random numbers are for: numbers of different purposes have nothing to do with each other. */
export type RandomPurpose = 'order' | 'example' | 'weights';

const purposes: Readonly<Record<RandomPurpose, number>> = { order: 1, example: 2, weights: 3 };

/**
 * Random numbers that follow from a seed and a place alone, such as a step's number: so a run that goes on from a
 * checkpoint draws what it would have drawn anyway.
 */
export function trainingRandom(seed: number, purpose: RandomPurpose, ...place: number[]): TrainingRandom {
  const mixed = [purposes[purpose], ...place].reduce(mix, mix(0x9e3779b9, seed));
  const words = mersenneTwister(mixed);
  const normals = torchRandom(mix(mixed, 1));
  const uniform = (): number => words.next() / 2 ** 32;
  return {
    uniform,
    below: (end) => Math.floor(uniform() * end),
    normal: (count) => normals.normal(count),
  };
}

/** The whole numbers below `count` in an order of their own for each epoch (Fisher and Yates). */
export function shuffledOrder(seed: number, epoch: number, count: number): number[] {
  const random = trainingRandom(seed, 'order', epoch);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/** Two words to one, each bit of either reaching all (the finalizer of MurmurHash3, public domain). */
function mix(state: number, word: number): number {
  let h = Math.imul(state ^ (word >>> 0), 0x85ebca6b) ^ Math.floor(word / 2 ** 32);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
