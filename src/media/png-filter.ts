import type { Frame } from './frame.js';

/** Bytes a pixel takes in a PNG: 3 without alpha, 4 with it. */
export type PngChannels = 3 | 4;

/**
 * A frame as PNG scanlines: each row is preceded by its filter type and replaced by its differences from neighbours
 * (PNG specification §9). Of the five filters the one with the smallest sum of absolute differences is taken, which
 * §12.7 recommends; photographs come out about a fifth smaller than unfiltered.
 */
export function filterScanlines(frame: Frame, channels: PngChannels): Uint8Array<ArrayBuffer> {
  const { width, height, data } = frame;
  const stride = width * channels;
  const out = new Uint8Array((stride + 1) * height);
  let above = new Uint8Array(stride);
  let row = new Uint8Array(stride);
  const candidates = filters.map(() => new Uint8Array(stride));
  for (let y = 0; y < height; y++) {
    readRow(data, y * width * 4, row, channels);
    const best = bestFilter(row, above, channels, candidates);
    out[y * (stride + 1)] = best;
    out.set(candidates[best]!, y * (stride + 1) + 1);
    [row, above] = [above, row];
  }
  return out;
}

/** Predicts a byte from the ones to its left, above it, and above left of it. The index is PNG's filter type. */
const filters: readonly ((left: number, up: number, upLeft: number) => number)[] = [
  () => 0,
  (left) => left,
  (_left, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
];

/** The neighbour that is nearest to left + up − upLeft (PNG specification §9.4). */
export function paeth(left: number, up: number, upLeft: number): number {
  const toLeft = Math.abs(up - upLeft);
  const toUp = Math.abs(left - upLeft);
  const toUpLeft = Math.abs(left + up - 2 * upLeft);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

function bestFilter(
  row: Uint8Array,
  above: Uint8Array,
  channels: PngChannels,
  candidates: readonly Uint8Array[],
): number {
  let best = 0;
  let bestCost = Number.POSITIVE_INFINITY;
  filters.forEach((predict, type) => {
    const cost = applyFilter(predict, row, above, channels, candidates[type]!);
    if (cost >= bestCost) return;
    best = type;
    bestCost = cost;
  });
  return best;
}

function applyFilter(
  predict: (left: number, up: number, upLeft: number) => number,
  row: Uint8Array,
  above: Uint8Array,
  channels: PngChannels,
  out: Uint8Array,
): number {
  let cost = 0;
  for (let i = 0; i < row.length; i++) {
    const left = i < channels ? 0 : row[i - channels]!;
    const upLeft = i < channels ? 0 : above[i - channels]!;
    const difference = (row[i]! - predict(left, above[i]!, upLeft)) & 255;
    out[i] = difference;
    // Read as signed: 255 is a difference of -1.
    cost += difference < 128 ? difference : 256 - difference;
  }
  return cost;
}

function readRow(data: Uint8ClampedArray, start: number, row: Uint8Array, channels: PngChannels): void {
  if (channels === 4) {
    row.set(data.subarray(start, start + row.length));
    return;
  }
  for (let i = 0, from = start; i < row.length; i += 3, from += 4) {
    row[i] = data[from]!;
    row[i + 1] = data[from + 1]!;
    row[i + 2] = data[from + 2]!;
  }
}
