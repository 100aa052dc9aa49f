import type { MersenneTwister } from '../core/mersenne-twister.js';

/**
 * A random order of 0 … count − 1: the numbers of `torch.randperm(count, generator=…)` on the CPU, for counts below
 * 2 × 10⁸ (Fisher and Yates' shuffle from the front, one word a place; randperm_cpu of
 * aten/src/ATen/native/TensorFactories.cpp).
 */
export function permutation(count: number, engine: MersenneTwister): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < count - 1; i++) {
    const other = i + (engine.next() % (count - i));
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order;
}
