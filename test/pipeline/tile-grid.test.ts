import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axisTiles, blendWeights, finer } from '../../src/pipeline/tile-grid.js';
import { tileCanvas, tilesOf } from '../../src/pipeline/tile-pixels.js';

const axis = fc
  .record({ length: fc.integer({ min: 1, max: 400 }), largest: fc.integer({ min: 2, max: 90 }) })
  .chain(({ length, largest }) =>
    fc
      .integer({ min: 0, max: Math.floor(largest / 2) })
      .map((overlap) => ({ overlap, largest, tiles: axisTiles(length, largest, overlap) })),
  );

describe('pieces of an axis', () => {
  test('cover it, within it, none larger than asked for', () => {
    fc.assert(
      fc.property(axis, ({ largest, tiles: { length, size, starts } }) => {
        expect(size).toBeLessThanOrEqual(Math.min(length, largest));
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)! + size).toBe(length);
        for (const [index, start] of starts.entries()) {
          expect(Number.isInteger(start)).toBe(true);
          if (index > 0) expect(start - starts[index - 1]!).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('share at least the overlap, and about the same everywhere', () => {
    fc.assert(
      fc.property(axis, ({ overlap, tiles: { size, starts } }) => {
        const shared = starts.slice(1).map((start, index) => starts[index]! + size - start);
        for (const each of shared) expect(each).toBeGreaterThanOrEqual(overlap);
        if (shared.length > 0) expect(Math.max(...shared) - Math.min(...shared)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('are one when the axis is no longer than a piece', () => {
    expect(axisTiles(64, 64, 16)).toEqual({ length: 64, size: 64, starts: [0] });
    expect(axisTiles(5, 64, 16)).toEqual({ length: 5, size: 5, starts: [0] });
  });

  test('are as small as so many may be', () => {
    expect(axisTiles(128, 64, 16)).toEqual({ length: 128, size: 54, starts: [0, 37, 74] });
    expect(axisTiles(128, 64, 0)).toEqual({ length: 128, size: 64, starts: [0, 64] });
  });

  test('have weights above 0 that sum to 1 at every position', () => {
    fc.assert(
      fc.property(axis, ({ tiles }) => {
        const sums = new Float64Array(tiles.length);
        for (const [index, weights] of blendWeights(tiles).entries()) {
          expect(weights).toHaveLength(tiles.size);
          for (const [i, weight] of weights.entries()) {
            expect(weight).toBeGreaterThan(0);
            sums[tiles.starts[index]! + i]! += weight;
          }
        }
        for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
      }),
    );
  });

  test('pass into each other linearly', () => {
    const [left, right] = blendWeights({ length: 6, size: 4, starts: [0, 2] });
    expect([...left!]).toEqual([1, 1, 0.75, 0.25]);
    expect([...right!]).toEqual([0.25, 0.75, 1, 1]);
  });
});

describe('tiles of an image', () => {
  const side = fc.integer({ min: 1, max: 23 });
  const image = fc.record({ height: side, width: side, overlap: fc.integer({ min: 0, max: 3 }) });
  const gridOf = ({ height, width, overlap }: { height: number; width: number; overlap: number }) => ({
    rows: axisTiles(height, 6, overlap),
    columns: axisTiles(width, 7, overlap),
  });

  test('put together again are the image', () => {
    fc.assert(
      fc.property(image, (size) => {
        const { height, width } = size;
        const data = Float32Array.from({ length: 2 * height * width }, (_, i) => Math.sin(i * 12.9898));
        const canvas = tileCanvas(gridOf(size), 2);
        const given = { type: 'float32', shape: [1, 2, height, width], data } as const;
        for (const tile of tilesOf(given, gridOf(size))) canvas.add(tile);
        expect(canvas.image.shape).toEqual(given.shape);
        for (const [i, value] of canvas.image.data.entries()) {
          expect(Math.abs(value - data[i]!)).toBeLessThan(1e-6);
        }
      }),
    );
  });

  test('of one colour make an image of that colour, also when they have grown', () => {
    fc.assert(
      fc.property(image, (size) => {
        const grid = finer(gridOf(size), 3);
        const canvas = tileCanvas(grid, 1);
        const length = grid.rows.size * grid.columns.size;
        for (let tile = 0; tile < grid.rows.starts.length * grid.columns.starts.length; tile++) {
          const shape = [1, 1, grid.rows.size, grid.columns.size];
          canvas.add({ type: 'float32', shape, data: new Float32Array(length).fill(0.7) });
        }
        expect(canvas.image.data).toHaveLength(9 * size.height * size.width);
        for (const value of canvas.image.data) expect(Math.abs(value - 0.7)).toBeLessThan(1e-6);
      }),
    );
  });
});
