import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { travelWeights } from '../../src/pipeline/travel-weights.js';

/** `from`, or `from>to@share`, of each frame. */
function told(frames: readonly number[], numFrames: number, loop?: boolean): string {
  return travelWeights(
    frames.map((frame) => ({ frame })),
    numFrames,
    loop,
  )
    .map(({ from, to, share }) => (from === to ? `${from}` : `${from}>${to}@${share}`))
    .join(' ');
}

describe('between keyframes', () => {
  test('the share grows evenly, and each prompt is whole at its own keyframe', () => {
    expect(told([0, 4], 5)).toBe('0 0>1@0.25 0>1@0.5 0>1@0.75 1');
    expect(told([0, 2, 4], 5)).toBe('0 0>1@0.5 1 1>2@0.5 2');
    expect(told([0, 1, 2], 3)).toBe('0 1 2');
  });

  test('the middle of a long way is half of each', () => {
    expect(travelWeights([{ frame: 0 }, { frame: 8 }], 9)[4]).toEqual({ from: 0, to: 1, share: 0.5 });
  });
});

describe('before the first keyframe and after the last', () => {
  test('prompts are kept', () => {
    expect(told([1, 3], 6)).toBe('0 0 0>1@0.5 1 1 1');
    expect(told([2], 4)).toBe('0 0 0 0');
  });

  test('the last one changes into the first one in a loop, across the end', () => {
    expect(told([0, 2], 4, true)).toBe('0 0>1@0.5 1 1>0@0.5');
    expect(told([1, 3], 6, true)).toBe('1>0@0.75 0 0>1@0.5 1 1>0@0.25 1>0@0.5');
    expect(told([2], 4, true)).toBe('0 0 0 0');
  });
});

const cases = fc
  .integer({ min: 1, max: 128 })
  .chain((numFrames) =>
    fc.tuple(
      fc.constant(numFrames),
      fc.uniqueArray(fc.nat({ max: numFrames - 1 }), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
    ),
  )
  .map(([numFrames, frames, loop]) => ({ numFrames, frames: frames.sort((a, b) => a - b), loop }));

test('every frame has shares of neighbours that add up to 1, and keyframes are theirs alone', () => {
  fc.assert(
    fc.property(cases, ({ numFrames, frames, loop }) => {
      const weights = travelWeights(
        frames.map((frame) => ({ frame })),
        numFrames,
        loop,
      );
      expect(weights).toHaveLength(numFrames);
      for (const { from, to, share } of weights) {
        expect(share >= 0 && share < 1 && (share === 0) === (from === to)).toBe(true);
        expect([from, from + 1, loop ? 0 : from]).toContain(to);
        expect(to).toBeLessThan(frames.length);
      }
      for (const [key, frame] of frames.entries()) {
        expect(weights[frame]).toEqual({ from: key, to: key, share: 0 });
      }
    }),
  );
});

test('a loop has no beginning: starting it elsewhere turns the weights along', () => {
  fc.assert(
    fc.property(cases, fc.nat({ max: 127 }), ({ numFrames, frames }, turn) => {
      const amounts = (starts: readonly { frame: number; key: number }[]): Map<number, number>[] =>
        travelWeights(starts, numFrames, true).map(({ from, to, share }) => {
          const of = new Map([[starts[from]!.key, 1 - share]]);
          return from === to ? of : of.set(starts[to]!.key, share);
        });
      const start = frames.map((frame, key) => ({ frame, key }));
      const turned = start
        .map(({ frame, key }) => ({ frame: (frame + turn) % numFrames, key }))
        .sort((a, b) => a.frame - b.frame);
      const before = amounts(start);
      const after = amounts(turned);
      for (let frame = 0; frame < numFrames; frame++) {
        expect(after[(frame + turn) % numFrames]).toEqual(before[frame]);
      }
    }),
  );
});
