import type { Frame } from './frame.js';
import { clampByte, colorCells, mixtureSize } from './gif-color-cells.js';
import { type GifPalette, opaqueFrom, type Rgb } from './gif-palette.js';

/**
 * How colours that the palette lacks are made from those it has.
 *
 * - `ordered`: each pixel's place in a fixed pattern picks from a mixture. Where the picture stands still, so does the
 *   grain.
 * - `floyd-steinberg`: each pixel's error is passed on to its neighbours. Truest colours, but a change anywhere moves
 *   the grain everywhere below it, which flickers in an animation and makes the file larger.
 * - `none`: the nearest colour. Gradients show bands; drawings with few colours stay clean.
 */
export type GifDither = 'floyd-steinberg' | 'ordered' | 'none';

/** Turns frames into palette indexes, one byte a pixel. Transparent pixels get the number of colours. */
export type Indexer = (frame: Frame) => Uint8Array;

/** Makes the {@link Indexer} of one palette. An exact palette needs no dithering and gets none. */
export function makeIndexer({ colors, exact }: GifPalette, dither: GifDither): Indexer {
  if (exact) return exactIndexer(colors);
  if (dither === 'floyd-steinberg') return errorDiffusionIndexer(colors);
  if (dither === 'ordered') return orderedIndexer(colors);
  const cells = colorCells(colors);
  return (frame) => indexPixels(frame, colors.length, cells.nearest);
}

function exactIndexer(colors: readonly Rgb[]): Indexer {
  const pack = (red: number, green: number, blue: number): number => (red << 16) | (green << 8) | blue;
  const indexes = new Map(colors.map((color, index) => [pack(...color), index]));
  return (frame) => indexPixels(frame, colors.length, (r, g, b) => indexes.get(pack(r, g, b)) ?? 0);
}

function orderedIndexer(colors: readonly Rgb[]): Indexer {
  const cells = colorCells(colors);
  const ranks = bayerRanks(mixtureSize);
  return (frame) =>
    indexPixels(frame, colors.length, (red, green, blue, x, y) =>
      cells.mixed(red, green, blue, ranks[(y & 7) * 8 + (x & 7)]!),
    );
}

/** Bayer's 8 × 8 threshold matrix (B. E. Bayer, 1973), its 64 values brought down to `levels`. */
function bayerRanks(levels: number): Uint8Array {
  return Uint8Array.from({ length: 64 }, (_, cell) => {
    const [x, y] = [cell & 7, cell >> 3];
    let rank = 0;
    for (let bit = 0; bit < 3; bit++) {
      const [xBit, yBit] = [(x >> bit) & 1, (y >> bit) & 1];
      rank = (rank << 2) | ((xBit ^ yBit) << 1) | yBit;
    }
    return Math.floor((rank * levels) / 64);
  });
}

type PickColor = (red: number, green: number, blue: number, x: number, y: number) => number;

function indexPixels({ width, height, data }: Frame, transparentIndex: number, pick: PickColor): Uint8Array {
  const indexes = new Uint8Array(width * height);
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const at = pixel * 4;
      const opaque = data[at + 3]! >= opaqueFrom;
      indexes[pixel] = opaque ? pick(data[at]!, data[at + 1]!, data[at + 2]!, x, y) : transparentIndex;
    }
  }
  return indexes;
}

/**
 * Error diffusion with the weights 7, 3, 5, 1 of 16 (R. W. Floyd and L. Steinberg, 1976). Rows run in alternating
 * directions, or errors would draw diagonal worms.
 */
function errorDiffusionIndexer(colors: readonly Rgb[]): Indexer {
  const cells = colorCells(colors);
  return ({ width, height, data }) => {
    const indexes = new Uint8Array(width * height);
    // Errors of this row and the next, three channels a pixel, with one spare pixel at either end.
    let current = new Float32Array((width + 2) * 3);
    let next = new Float32Array((width + 2) * 3);
    const wanted: [number, number, number] = [0, 0, 0];
    for (let y = 0; y < height; y++) {
      const direction = y % 2 === 0 ? 1 : -1;
      for (let step = 0; step < width; step++) {
        const x = direction === 1 ? step : width - 1 - step;
        const pixel = y * width + x;
        if (data[pixel * 4 + 3]! < opaqueFrom) {
          indexes[pixel] = colors.length;
          continue;
        }
        const slot = (x + 1) * 3;
        for (let c = 0; c < 3; c++) wanted[c] = clampByte(data[pixel * 4 + c]! + current[slot + c]!);
        const index = cells.nearest(...wanted);
        indexes[pixel] = index;
        spreadError(wanted, colors[index]!, slot, direction * 3, current, next);
      }
      [current, next] = [next, current];
      next.fill(0);
    }
    return indexes;
  };
}

function spreadError(
  wanted: readonly number[],
  given: Rgb,
  slot: number,
  ahead: number,
  current: Float32Array,
  next: Float32Array,
): void {
  for (let c = 0; c < 3; c++) {
    const error = (wanted[c]! - given[c]!) / 16;
    current[slot + ahead + c]! += error * 7;
    next[slot - ahead + c]! += error * 3;
    next[slot + c]! += error * 5;
    next[slot + ahead + c]! += error;
  }
}
