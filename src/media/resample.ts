import type { Frame } from './frame.js';

/** The part of a picture that becomes the new one, in pixels that need not be whole. */
export interface SourceBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Which pixels of a line make one new pixel, and how much each counts; the shares sum to 1. */
interface Taps {
  readonly first: number;
  readonly shares: Float64Array;
}

/**
 * Keys' cubic convolution with a = −0.5, stretched over all pixels that one becomes when the picture gets smaller (the
 * way of Pillow's `BICUBIC`), first along rows, then along columns. Colours are weighted with their opacity, so that what
 * cannot be seen does not shine through; they stay sRGB values, as they do in the programs that models are trained with.
 */
export function resample(frame: Frame, box: SourceBox, width: number, height: number): Frame {
  const across = tapsOf(frame.width, box.left, box.width, width);
  const down = tapsOf(frame.height, box.top, box.height, height);
  const data = new Uint8ClampedArray(4 * width * height);
  // Rows in their new width that are still needed, by their place: a large picture is never held twice.
  const rows = new Map<number, Float32Array>();
  const sum = new Float64Array(4 * width);
  for (let y = 0; y < height; y++) {
    const { first, shares } = down[y]!;
    for (const passed of rows.keys()) if (passed < first) rows.delete(passed);
    sum.fill(0);
    for (let i = 0; i < shares.length; i++) {
      const row = rows.get(first + i) ?? alongRow(frame, first + i, across);
      rows.set(first + i, row);
      const share = shares[i]!;
      for (let x = 0; x < sum.length; x++) sum[x] = sum[x]! + share * row[x]!;
    }
    toBytes(sum, data, 4 * width * y);
  }
  return { width, height, data };
}

function tapsOf(count: number, start: number, length: number, outputs: number): Taps[] {
  const scale = length / outputs;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: outputs }, (_, i) => {
    const center = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(center - 2 * stretch + 0.5));
    const end = Math.min(count, Math.floor(center + 2 * stretch + 0.5));
    const shares = Float64Array.from({ length: end - first }, (__, tap) =>
      cubic((first + tap + 0.5 - center) / stretch),
    );
    const total = shares.reduce((sum, share) => sum + share, 0);
    return { first, shares: shares.map((share) => share / total) };
  });
}

function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** One row in its new width: colours times opacity, and opacity. */
function alongRow({ data, width }: Frame, y: number, taps: readonly Taps[]): Float32Array {
  const row = 4 * width * y;
  const out = new Float32Array(4 * taps.length);
  for (let x = 0; x < taps.length; x++) {
    const { first, shares } = taps[x]!;
    let [red, green, blue, alpha] = [0, 0, 0, 0];
    for (let i = 0; i < shares.length; i++) {
      const from = row + 4 * (first + i);
      const visible = shares[i]! * data[from + 3]!;
      red += visible * data[from]!;
      green += visible * data[from + 1]!;
      blue += visible * data[from + 2]!;
      alpha += visible;
    }
    out[4 * x] = red;
    out[4 * x + 1] = green;
    out[4 * x + 2] = blue;
    out[4 * x + 3] = alpha;
  }
  return out;
}

function toBytes(sum: Float64Array, data: Uint8ClampedArray, at: number): void {
  for (let i = 0; i < sum.length; i += 4) {
    const alpha = sum[i + 3]!;
    data[at + i + 3] = alpha;
    if (alpha <= 0) continue;
    for (let channel = 0; channel < 3; channel++) data[at + i + channel] = sum[i + channel]! / alpha;
  }
}
