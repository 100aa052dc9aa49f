import { expect, test } from 'vitest';
import { contactSheet } from '../../src/media/contact-sheet.js';
import type { Frame } from '../../src/media/frame.js';
import { ballFrames, paint } from './sample-frames.js';

const dots = [10, 20, 30, 40, 50].map((red) => paint(1, 1, () => [red, 0, 0, 255]));
const reds = ({ width, data }: Frame): number[][] => {
  const row = (y: number): number[] => Array.from({ length: width }, (_, x) => data[(y * width + x) * 4]!);
  return Array.from({ length: data.length / 4 / width }, (_, y) => row(y));
};

test('lays frames out in reading order, about as wide as high', () => {
  expect(reds(contactSheet(dots, { gap: 0 }))).toEqual([
    [10, 20, 30],
    [40, 50, 24],
  ]);
});

test('puts the gap between and around, in the background colour', () => {
  const sheet = contactSheet(dots.slice(0, 2), { columns: 2, gap: 1, background: [7, 8, 9, 100] });
  expect(reds(sheet)).toEqual([
    [7, 7, 7, 7, 7],
    [7, 10, 7, 20, 7],
    [7, 7, 7, 7, 7],
  ]);
  expect([...sheet.data.subarray(0, 4)]).toEqual([7, 8, 9, 100]);
});

test('takes no more columns than there are frames', () => {
  expect(contactSheet(dots, { columns: 99, gap: 0 })).toMatchObject({ width: 5, height: 1 });
});

test('is a frame of 4 × 4 pictures for the usual 16', () => {
  expect(contactSheet(ballFrames(16))).toMatchObject({ width: 4 + 4 * 52, height: 4 + 4 * 36 });
});

test('refuses a sheet beyond 2 GiB and options out of range', () => {
  const wide = paint(60_000, 1, () => [0, 0, 0, 255]);
  expect(() => contactSheet(Array(12_000).fill(wide), { columns: 1 })).toThrow(
    /over 2 GiB; pass fewer frames/,
  );
  expect(() => contactSheet(dots, { columns: 0 })).toThrow(/columns/);
  expect(() => contactSheet(dots, { background: [0, 0, 256, 0] })).toThrow(/background/);
});
