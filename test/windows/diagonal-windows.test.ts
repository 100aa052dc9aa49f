import { describe, expect, test } from 'vitest';
import { diagonalWindows } from '../../src/windows/diagonal-windows.js';

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('diagonal windows', () => {
  test('without lookahead are blocks, each kept whole', () => {
    expect(diagonalWindows({ head: 10, tail: 17, length: 4, kept: 4 })).toEqual([
      { start: 10, from: 10, to: 14 },
      { start: 14, from: 14, to: 18 },
    ]);
  });

  test('with lookahead overlap by half, of which the later is kept, and begin with frames that are shown already', () => {
    expect(diagonalWindows({ head: 10, tail: 17, length: 4, kept: 2 })).toEqual([
      { start: 8, from: 10, to: 12 },
      { start: 10, from: 12, to: 14 },
      { start: 12, from: 14, to: 16 },
      { start: 14, from: 16, to: 18 },
    ]);
  });

  test('end at the tail where blocks do not come out even', () => {
    expect(diagonalWindows({ head: 10, tail: 15, length: 4, kept: 4 })).toEqual([
      { start: 10, from: 10, to: 14 },
      { start: 12, from: 14, to: 16 },
    ]);
  });

  test('of a queue shorter than they are take in shown frames', () => {
    expect(diagonalWindows({ head: 10, tail: 11, length: 8, kept: 4 })).toEqual([
      { start: 4, from: 10, to: 12 },
    ]);
  });

  test('at the beginning are one, which reaches past the tail', () => {
    for (const tail of [0, 1, 3]) {
      expect(diagonalWindows({ head: 0, tail, length: 4, kept: 2 })).toEqual([
        { start: 0, from: 0, to: tail + 1 },
      ]);
    }
  });

  test('let each frame take its step once, in a window that holds it, whatever the sizes', () => {
    const wrong: object[] = [];
    for (const length of [2, 3, 4, 7, 16]) {
      for (const kept of [length, Math.floor(length / 2)]) {
        for (const queue of numbers(1, 40)) {
          for (const tail of [0, 1, 2, 5, 11, 30, 60]) {
            const head = Math.max(0, tail - queue + 1);
            const windows = diagonalWindows({ head, tail, length, kept });
            const steps = windows.flatMap(({ from, to }) => numbers(from, to));
            const each = windows.every(
              ({ start, from, to }) =>
                start >= 0 &&
                // As many cleaner frames before those that are kept as lookahead promises, or all that there are.
                from - start >= (start === 0 ? 0 : length - kept) &&
                to <= start + length &&
                // Noise that has not begun is seen only while there are too few other frames.
                start + length <= Math.max(tail + 1, length),
            );
            if (!each || steps.join() !== numbers(head, tail + 1).join())
              wrong.push({ length, kept, queue, tail });
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
