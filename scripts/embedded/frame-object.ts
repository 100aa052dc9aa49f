import type { Frame } from '../../src/media/frame.ts';
import {
  type Background,
  backgroundNames,
  backgrounds,
  type Colour,
  colourNames,
  colours,
} from './vocabulary.ts';

type Rgb = readonly [number, number, number];

/** The one thing in a picture, told apart from what is behind it. */
export interface FrameObject {
  readonly background: Background;
  readonly colour: Colour;
  /** Share of each pixel that it covers, 0 to 1, row by row. */
  readonly cover: Float32Array;
  /** Pixels that it covers in all, and their centre. */
  readonly area: number;
  readonly x: number;
  readonly y: number;
}

/** Distance in red, green and blue from which a pixel is not background any more. */
const apart = 60;

/** Finds what stands before the colour of the picture's edge. */
export function frameObject({ width, height, data }: Frame): FrameObject {
  const at = (x: number, y: number): Rgb => {
    const i = (y * width + x) * 4;
    return [data[i]!, data[i + 1]!, data[i + 2]!];
  };
  const edge: Rgb[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (Math.min(x, y, width - 1 - x, height - 1 - y) < 2) edge.push(at(x, y));
    }
  }
  const behind = medianOf(edge);
  const strong: { readonly rgb: Rgb; readonly far: number }[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const rgb = at(x, y);
      const far = distance(rgb, behind);
      if (far > apart) strong.push({ rgb, far });
    }
  }
  // Where edges are mixed with the background, the colour is not to be told.
  strong.sort((a, b) => b.far - a.far);
  const own =
    strong.length > 0
      ? medianOf(strong.slice(0, Math.ceil(strong.length * 0.6)).map(({ rgb }) => rgb))
      : behind;
  const axis = own.map((value, c) => value - behind[c]!) as unknown as Rgb;
  const length = Math.max(
    1,
    axis.reduce((sum, value) => sum + value * value, 0),
  );
  const cover = new Float32Array(width * height);
  let [area, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const along = at(x, y).reduce((sum, value, c) => sum + (value - behind[c]!) * axis[c]!, 0) / length;
      // Faint smears are no part of it.
      const share = along < 0.25 ? 0 : Math.min(1, along);
      cover[y * width + x] = share;
      area += share;
      sumX += share * (x + 0.5);
      sumY += share * (y + 0.5);
    }
  }
  return {
    background: nearest(backgroundNames, backgrounds, behind),
    colour: nearest(colourNames, colours, own),
    cover,
    area,
    x: area > 0 ? sumX / area : width / 2,
    y: area > 0 ? sumY / area : height / 2,
  };
}

function nearest<T extends string>(names: readonly T[], of: Readonly<Record<T, Rgb>>, rgb: Rgb): T {
  return names.reduce((best, name) => (distance(of[name], rgb) < distance(of[best], rgb) ? name : best));
}

function distance(a: Rgb, b: Rgb): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function medianOf(list: readonly Rgb[]): Rgb {
  const middle = (c: 0 | 1 | 2): number => list.map((rgb) => rgb[c]).sort((a, b) => a - b)[list.length >> 1]!;
  return [middle(0), middle(1), middle(2)];
}
