import { expect, test } from 'vitest';
import { mersenneTwister } from '../../src/core/mersenne-twister.js';
import { permutation } from '../../src/noise/permutation.js';

// torch 2.13: torch.randperm(n, generator=torch.Generator('cpu').manual_seed(42)), for n = 5, then 16.
test('gives the orders of torch.randperm, one after another', () => {
  const engine = mersenneTwister(42);
  expect(permutation(5, engine)).toEqual([2, 4, 3, 0, 1]);
  expect(permutation(16, engine)).toEqual([10, 6, 14, 0, 2, 7, 4, 11, 3, 13, 9, 8, 15, 1, 12, 5]);
});

test('gives every order about equally often', () => {
  const engine = mersenneTwister(1);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = permutation(3, engine).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  // Five standard deviations of a binomial count.
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
});

test('of nothing or one thing needs no random number', () => {
  const engine = mersenneTwister(1);
  const before = engine.state();
  expect(permutation(0, engine)).toEqual([]);
  expect(permutation(1, engine)).toEqual([0]);
  expect(engine.state()).toEqual(before);
});
