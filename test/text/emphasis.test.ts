import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Float32Tensor, float32Tensor } from '../../src/core/tensor.js';
import { applyEmphasis } from '../../src/text/emphasis.js';

const tensor = (...rows: number[][]): Float32Tensor =>
  float32Tensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const mean = ({ data }: Float32Tensor): number => data.reduce((sum, value) => sum + value, 0) / data.length;

test('weights multiply the embedding of their token, and the mean of all stays', () => {
  const result = applyEmphasis(tensor([1, 2], [3, 4]), [1, 2]);
  // The sum goes from 10 to 17.
  expect([...result.data]).toEqual([1, 2, 6, 8].map((value) => Math.fround((value * 10) / 17)));
  expect(result.shape).toEqual([2, 2]);
});

test('without normalisation they only multiply', () => {
  expect([...applyEmphasis(tensor([1, 2], [3, 4]), [0.5, -2], 'noNorm').data]).toEqual([0.5, 1, -6, -8]);
});

test('weights of 1, or ignored ones, change nothing', () => {
  const embeddings = tensor([1, 2], [3, 4]);
  expect(applyEmphasis(embeddings, [1, 1])).toBe(embeddings);
  expect(applyEmphasis(embeddings, [3, 1], 'ignore')).toBe(embeddings);
});

test('a mean that becomes 0 is not scaled', () => {
  expect([...applyEmphasis(tensor([1, 2], [3, 4]), [0, 0]).data]).toEqual([0, 0, 0, 0]);
});

test('the given embeddings stay as they are', () => {
  const embeddings = tensor([1, 2], [3, 4]);
  applyEmphasis(embeddings, [1, 2]);
  expect([...embeddings.data]).toEqual([1, 2, 3, 4]);
});

test('the mean is the same for any weights above 0, and tokens keep their proportions', () => {
  const value = fc.integer({ min: 1, max: 1000 }).map((thousandths) => thousandths / 1000);
  const row = fc.tuple(value, value, value);
  fc.assert(
    fc.property(fc.array(fc.tuple(row, value), { minLength: 1, maxLength: 20 }), (rows) => {
      const embeddings = tensor(...rows.map(([embedding]) => embedding));
      const result = applyEmphasis(
        embeddings,
        rows.map(([, weight]) => weight),
      );
      expect(mean(result) / mean(embeddings)).toBeCloseTo(1, 5);
      for (let i = 0; i < rows.length; i++) {
        const ratio = result.data[i * 3]! / embeddings.data[i * 3]!;
        expect(result.data[i * 3 + 2]! / embeddings.data[i * 3 + 2]! / ratio).toBeCloseTo(1, 5);
      }
    }),
  );
});

test('weights of another number of tokens are refused', () => {
  expect(() => applyEmphasis(tensor([1, 2]), [1, 2])).toThrow(
    'emphasis: 2 weights for embeddings [1, 2]; expected [2, width]',
  );
});
