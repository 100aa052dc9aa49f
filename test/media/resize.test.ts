import { describe, expect, test } from 'vitest';
import { resizeFrame } from '../../src/media/resize.js';
import { paint } from './sample-frames.js';

/** Noise that Pillow was given too; of middle tones, since Pillow cuts off overshoots between rows and columns. */
function noise(width: number, height: number) {
  let state = 1;
  const next = (): number => {
    state = (state * 48271) % 2147483647;
    return 80 + (state % 96);
  };
  return paint(width, height, () => [next(), next(), next(), 255]);
}

const colours = ({ data }: { readonly data: Uint8ClampedArray }): number[] =>
  [...data].filter((_, i) => i % 4 !== 3);

function checkNear(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  // Pillow rounds between rows and columns.
  for (const [i, value] of actual.entries())
    expect(Math.abs(value - expected[i]!), `${i}`).toBeLessThanOrEqual(1);
}

describe('resizing computes what Pillow 12.3 computes with BICUBIC', () => {
  test('smaller', () => {
    checkNear(
      colours(resizeFrame(noise(7, 5), { width: 3, height: 2, fit: 'fill' })),
      [140, 146, 123, 136, 137, 125, 117, 111, 128, 141, 135, 112, 130, 126, 142, 131, 108, 123],
    );
  });

  test('a part of it, smaller', () => {
    checkNear(
      colours(resizeFrame(noise(7, 5), { width: 4, height: 4, fit: 'cover' })),
      [
        [
          132, 136, 125, 135, 152, 122, 162, 135, 112, 93, 124, 122, 144, 141, 143, 148, 132, 121, 116, 136,
          133, 109, 117,
        ],
        [
          129, 161, 158, 113, 138, 142, 147, 113, 105, 149, 117, 94, 148, 124, 125, 103, 146, 104, 145, 123,
          147, 138, 145,
        ],
        [122, 111],
      ].flat(),
    );
  });

  test('larger', () => {
    const all = colours(resizeFrame(noise(7, 5), { width: 10, height: 8, fit: 'fill' }));
    checkNear(all.slice(0, 12), [161, 147, 83, 153, 134, 98, 128, 136, 113, 91, 171, 113]);
    checkNear(all.slice(-12), [137, 171, 142, 164, 128, 87, 153, 109, 105, 128, 109, 150]);
  });
});

describe('the new size', () => {
  test('follows the proportions where one side is given, and stays where none is', () => {
    const frame = noise(40, 30);
    expect(resizeFrame(frame, { width: 20 })).toMatchObject({ width: 20, height: 15 });
    expect(resizeFrame(frame, { height: 20 })).toMatchObject({ width: 27, height: 20 });
    expect(resizeFrame(frame, {})).toBe(frame);
    expect(resizeFrame(frame, { width: 40, height: 30 })).toBe(frame);
  });

  test('covers: what sticks out is cut off at both sides alike', () => {
    const thirds = paint(9, 3, (x) => (x >= 3 && x < 6 ? [0, 200, 0, 255] : [200, 0, 0, 255]));
    const green = paint(3, 3, () => [0, 200, 0, 255]);
    expect(resizeFrame(thirds, { width: 3, height: 3 }).data).toEqual(green.data);
  });

  test('contains: all is seen, in the middle of black', () => {
    const frame = resizeFrame(
      paint(8, 4, () => [50, 100, 150, 255]),
      { width: 4, height: 4, fit: 'contain' },
    );
    const rows = [0, 1, 2, 3].map((y) => [...frame.data.subarray(16 * y, 16 * y + 4)]);
    expect(rows).toEqual([
      [0, 0, 0, 255],
      [50, 100, 150, 255],
      [50, 100, 150, 255],
      [0, 0, 0, 255],
    ]);
  });

  test('keeps flat colours, and colours out of what cannot be seen', () => {
    const half = paint(8, 8, (x) => (x < 4 ? [255, 0, 0, 0] : [10, 20, 30, 255]));
    const { data } = resizeFrame(half, { width: 5, height: 5 });
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3]! > 0) expect([...data.subarray(i, i + 3)]).toEqual([10, 20, 30]);
    }
  });

  test('is checked', () => {
    const frame = noise(2, 2);
    expect(() => resizeFrame(frame, { width: 0, fit: 'crop' as never })).toThrow(
      /resizeFrame: width: .*; fit: /,
    );
    expect(() => resizeFrame({ ...frame, width: 3 }, { width: 2 })).toThrow(/resizeFrame: the frame/);
  });
});
