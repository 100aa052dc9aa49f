import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Float32Tensor, float32Tensor } from '../../src/core/tensor.js';
import { travelEmbeddings } from '../../src/pipeline/travel-embeddings.js';
import type { TravelInterpolation } from '../../src/pipeline/travel-options.js';
import { travelWeights } from '../../src/pipeline/travel-weights.js';
import { values } from '../adapters/files.js';

const width = 6;
const tokens = 5;
const size = tokens * width;
const both: TravelInterpolation[] = ['linear', 'spherical'];

function keyframes(count: number, seed = 1): Float32Tensor {
  return float32Tensor(values(seed, count * size).data, [count, tokens, width]);
}

const frameOf = ({ data }: Float32Tensor, frame: number): Float32Array =>
  data.slice(frame * size, (frame + 1) * size);

/** Tokens `a` and `b` of any length, as a travel of three frames gives the middle. */
function middle(a: number[], b: number[], interpolation: TravelInterpolation): number[] {
  const pair = float32Tensor(Float32Array.from([...a, ...b]), [2, 1, a.length]);
  const weights = travelWeights([{ frame: 0 }, { frame: 2 }], 3);
  return [...travelEmbeddings(pair, weights, interpolation).data.slice(a.length, 2 * a.length)];
}

function expectNearly(actual: readonly number[], expected: readonly number[]): void {
  const off = actual.map((value, i) => Math.abs(value - expected[i]!));
  expect(Math.max(...off)).toBeLessThan(1e-6);
}

describe.each(both)('%s travel', (interpolation) => {
  test('equals the keyframes at the keyframes, bit for bit, looped or not', () => {
    const frames = [1, 4, 9].map((frame) => ({ frame }));
    for (const loop of [false, true]) {
      const result = travelEmbeddings(keyframes(3), travelWeights(frames, 12, loop), interpolation);
      expect(result.shape).toEqual([12, tokens, width]);
      for (const [key, { frame }] of frames.entries()) {
        expect(frameOf(result, frame)).toEqual(frameOf(keyframes(3), key));
      }
      if (!loop) expect(frameOf(result, 11)).toEqual(frameOf(keyframes(3), 2));
    }
  });

  test('between equal prompts changes nothing, bit for bit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: size, maxLength: size }),
        (row) => {
          const same = float32Tensor(Float32Array.from([...row, ...row]), [2, tokens, width]);
          const result = travelEmbeddings(
            same,
            travelWeights([{ frame: 0 }, { frame: 6 }], 7),
            interpolation,
          );
          for (let frame = 0; frame < 7; frame++) {
            // Adding 0, which only turns -0 into 0.
            expect(frameOf(result, frame).map((value) => value + 0)).toEqual(
              Float32Array.from(row, (value) => value + 0),
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('of some of the frames is the same as of all of them', () => {
    const weights = travelWeights([{ frame: 0 }, { frame: 7 }], 16, true);
    const all = travelEmbeddings(keyframes(2), weights, interpolation);
    const window = travelEmbeddings(keyframes(2), weights.slice(3, 12), interpolation);
    expect(window.data).toEqual(all.data.slice(3 * size, 12 * size));
  });

  test('goes back the way it came', () => {
    const there = travelWeights([{ frame: 0 }, { frame: 8 }], 9);
    const back = there.map(({ from, to, share }) => ({ from: 1 - from, to: 1 - to, share }));
    const forward = travelEmbeddings(keyframes(2), there, interpolation);
    const backward = travelEmbeddings(keyframes(2), back, interpolation);
    for (let frame = 0; frame < 9; frame++) {
      expect(frameOf(backward, 8 - frame)).toBeRelativelyCloseTo(frameOf(forward, frame), 1e-6);
    }
  });
});

test('linear travel mixes the keyframes themselves: half of each in the middle of a long way', () => {
  const weights = travelWeights([{ frame: 0 }, { frame: 8 }], 9);
  const result = travelEmbeddings(keyframes(2), weights);
  const [a, b] = [0, 1].map((key) => frameOf(keyframes(2), key));
  for (let frame = 1; frame < 8; frame++) {
    const expected = a!.map((value, i) => value + (frame / 8) * (b![i]! - value));
    expect(frameOf(result, frame)).toBeRelativelyCloseTo(expected, 1e-6);
  }
});

describe('spherical travel', () => {
  test('turns each token by itself', () => {
    expectNearly(middle([1, 0], [0, 1], 'spherical'), [Math.SQRT1_2, Math.SQRT1_2]);
    expectNearly(middle([1, 0, 0], [-0.5, Math.sqrt(0.75), 0], 'spherical'), [0.5, Math.sqrt(0.75), 0]);
    const two = float32Tensor(Float32Array.of(1, 0, 2, 0, 0, 1, 0, -2), [2, 2, 2]);
    const result = travelEmbeddings(two, [{ from: 0, to: 1, share: 0.5 }], 'spherical');
    expectNearly([...result.data], [Math.SQRT1_2, Math.SQRT1_2, Math.SQRT2, -Math.SQRT2]);
  });

  test('keeps the length of tokens of equal length, at any share', () => {
    const angle = fc.double({ min: 0.1, max: 3, noNaN: true });
    fc.assert(
      fc.property(angle, fc.double({ min: 0, max: 1, noNaN: true }), (turn, share) => {
        const pair = float32Tensor(Float32Array.of(3, 0, 3 * Math.cos(turn), 3 * Math.sin(turn)), [2, 1, 2]);
        const { data } = travelEmbeddings(pair, [{ from: 0, to: 1, share }], 'spherical');
        expectNearly([...data], [3 * Math.cos(share * turn), 3 * Math.sin(share * turn)]);
      }),
    );
  });

  test.each([
    ['almost the same way', [1, 0], [2, 0.01]],
    ['opposite', [1, 0], [-1, 0.0001]],
    ['zero', [0, 0], [1, 2]],
  ])('is linear between tokens that are %s', (_, a, b) => {
    expect(middle(a, b, 'spherical')).toEqual(middle(a, b, 'linear'));
  });

  test('gives finite numbers for any', () => {
    const token = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(token, token, (a, b) => {
        expect(middle(a, b, 'spherical').every(Number.isFinite)).toBe(true);
      }),
    );
  });
});

test('the keyframes stay as they are, and so do frames that share one', () => {
  const given = keyframes(2);
  const result = travelEmbeddings(given, travelWeights([{ frame: 0 }, { frame: 3 }], 6));
  result.data.fill(0, size * 4);
  expect(given).toEqual(keyframes(2));
  expect(frameOf(result, 3)).toEqual(frameOf(keyframes(2), 1));
});

test('weights of keyframes that are not there are refused', () => {
  expect(() => travelEmbeddings(keyframes(2), [{ from: 1, to: 2, share: 0.5 }])).toThrow(
    'travel: keyframe 2 of 2 does not exist',
  );
  expect(() => travelEmbeddings(float32Tensor(new Float32Array(4), [2, 2]), [])).toThrow(
    'expected [keyframes, tokens, width], got [2, 2]',
  );
});
