import { expect, test } from 'vitest';
import { changedRectangle, crop } from '../../src/media/changed-rectangle.js';
import { paint } from './sample-frames.js';

const grey = paint(9, 7, () => [90, 90, 90, 255]);
const spots = (places: readonly (readonly [number, number])[]) =>
  paint(9, 7, (x, y) =>
    places.some(([px, py]) => px === x && py === y) ? [90, 90, 91, 255] : [90, 90, 90, 255],
  );

test('encloses every changed pixel and no more', () => {
  expect(
    changedRectangle(
      grey,
      spots([
        [3, 1],
        [5, 4],
      ]),
    ),
  ).toEqual({ x: 3, y: 1, width: 3, height: 4 });
});

test('starts on the grid it is given', () => {
  expect(
    changedRectangle(
      grey,
      spots([
        [3, 1],
        [5, 4],
      ]),
      2,
    ),
  ).toEqual({ x: 2, y: 0, width: 4, height: 5 });
});

test('is one pixel where nothing changed, since files cannot hold less', () => {
  expect(changedRectangle(grey, grey)).toEqual({ x: 0, y: 0, width: 1, height: 1 });
});

test('reads frames that begin off a word boundary', () => {
  const bytes = new Uint8ClampedArray(9 * 7 * 4 + 1);
  const shifted = { ...grey, data: bytes.subarray(1) };
  shifted.data.set(spots([[8, 6]]).data);
  expect(changedRectangle(grey, shifted)).toEqual({ x: 8, y: 6, width: 1, height: 1 });
});

test('crop copies the rectangle’s pixels', () => {
  const part = crop(spots([[3, 1]]), { x: 3, y: 1, width: 2, height: 1 });
  expect([...part.data]).toEqual([90, 90, 91, 255, 90, 90, 90, 255]);
});
