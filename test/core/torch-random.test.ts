import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomSeed, restoreTorchRandom, torchRandom } from '../../src/core/torch-random.js';

interface Case {
  seed: number;
  n: number;
  first: number[];
  last: number[];
  sum: number;
  sum_sq: number;
  next5: number[];
}

// torch.Generator("cpu").manual_seed(seed); torch.randn(n); then torch.randn(5) from the same generator (torch 1.13).
const cases: Case[] = JSON.parse(
  readFileSync(new URL('../fixtures/torch-randn.json', import.meta.url), 'utf8'),
).cases;

describe('torchRandom', () => {
  test.each(cases)(
    'draws the $n numbers of seed $seed, and the next five, to 2 units in the last place',
    (reference) => {
      const random = torchRandom(reference.seed);
      const values = random.normal(reference.n);
      expect(
        largestUlpDistance(values.slice(0, reference.first.length), reference.first),
      ).toBeLessThanOrEqual(2);
      expect(largestUlpDistance(values.slice(-reference.last.length), reference.last)).toBeLessThanOrEqual(2);
      expect(largestUlpDistance(random.normal(5), reference.next5)).toBeLessThanOrEqual(2);
      const sum = values.reduce((total, value) => total + value, 0);
      const squares = values.reduce((total, value) => total + value * value, 0);
      expect(Math.abs(sum - reference.sum)).toBeLessThan(1e-7 * reference.n + 1e-6);
      expect(Math.abs(squares - reference.sum_sq)).toBeLessThan(1e-6 * reference.sum_sq + 1e-6);
    },
  );

  test('takes the low 32 bits of a seed, as torch does', () => {
    expect(torchRandom(2 ** 32 + 42).normal(20)).toEqual(torchRandom(42).normal(20));
    expect(torchRandom(-1).normal(20)).toEqual(torchRandom(0xffffffff).normal(20));
    expect(torchRandom(2n ** 64n - 1n).normal(20)).toEqual(torchRandom(0xffffffff).normal(20));
  });

  test.each([1.5, Number.NaN, 2 ** 60, 2n ** 64n, -(2n ** 63n) - 1n])('refuses the seed %s', (seed) => {
    expect(() => torchRandom(seed)).toThrow(/seed: expected an integer/);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses to draw %d numbers', (count) => {
    expect(() => torchRandom(0).normal(count)).toThrow(/whole number/);
  });

  test('draws nothing without moving on', () => {
    const random = torchRandom(3);
    expect(random.normal(0)).toHaveLength(0);
    expect(random.normal(20)).toEqual(torchRandom(3).normal(20));
  });
});

describe('a stored state', () => {
  test('goes on bit for bit, also through JSON, wherever the stream stands', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.maxSafeInteger(), counts, counts, (seed, before, after) => {
        const random = torchRandom(seed);
        for (const count of before) random.normal(count);
        const restored = restoreTorchRandom(JSON.parse(JSON.stringify(random.state())));
        for (const count of after) expect(restored.normal(count)).toEqual(random.normal(count));
        expect(restored.state()).toEqual(random.state());
      }),
      { numRuns: 50 },
    );
  });

  test('is a copy: drawing on does not change it', () => {
    const random = torchRandom(1);
    const state = random.state();
    const next = random.normal(30);
    expect(restoreTorchRandom(state).normal(30)).toEqual(next);
  });

  const { words } = torchRandom(1).state();
  test.each([
    { kind: 'other', words, extra: [] },
    { kind: 'torch-cpu', words: words.slice(1), extra: [] },
    { kind: 'torch-cpu', words: [...words.slice(0, -1), 625], extra: [] },
    { kind: 'torch-cpu', words: [0.5, ...words.slice(1)], extra: [] },
    { kind: 'torch-cpu', words, extra: [Number.NaN] },
    { kind: 'torch-cpu', words, extra: [0, 0] },
  ])('that is damaged is refused (%#)', (state) => {
    expect(() => restoreTorchRandom(state)).toThrow(/random state: expected/);
  });
});

test('randomSeed gives 32-bit seeds, not always the same', () => {
  const seeds = Array.from({ length: 20 }, randomSeed);
  expect(seeds.every((seed) => seed >>> 0 === seed)).toBe(true);
  expect(new Set(seeds).size).toBeGreaterThan(1);
});

/** How many float32 values lie between two numbers, at most over all pairs. */
function largestUlpDistance(values: ArrayLike<number>, reference: readonly number[]): number {
  const order = (value: number): number => {
    const bits = new Int32Array(Float32Array.of(value).buffer)[0]!;
    return bits < 0 ? -(bits & 0x7fffffff) : bits;
  };
  return Math.max(...reference.map((expected, i) => Math.abs(order(values[i]!) - order(expected))));
}
