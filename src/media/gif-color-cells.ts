import { nearestColor, type Rgb } from './gif-palette.js';

/**
 * The RGB cube cut into 128 × 128 × 128 cells, with what was found for a cell remembered. Frames have up to millions of
 * distinct colours; searching the palette for each would take seconds. Half as fine a grid costs smooth gradients 5 dB.
 */
export interface ColorCells {
  /** Index of the palette colour nearest to the centre of the cell that the colour is in. */
  nearest(red: number, green: number, blue: number): number;
  /**
   * One of the {@link mixtureSize} palette colours, sorted from dark to light, that look like the given colour when
   * seen side by side.
   *
   * @param rank Which of them: 0 to `mixtureSize - 1`.
   */
  mixed(red: number, green: number, blue: number, rank: number): number;
}

/** Colours in a mixture. Sixteen looked the same and took twice the time. */
export const mixtureSize = 8;

/**
 * How strongly a mixture makes up for its colours' errors, 0 to 1. With 1 the mean is closest, but colours further
 * away are drawn in, which looks grainy; at 0.3 neither bands nor grain stand out.
 */
const strength = 0.3;

/** Cells along each axis. */
const side = 128;

/** Makes the empty cells of one palette. */
export function colorCells(colors: readonly Rgb[]): ColorCells {
  const nearestOf = new Int16Array(side ** 3).fill(-1);
  const isMixed = new Uint8Array(side ** 3);
  const mixtureOf = new Uint8Array(side ** 3 * mixtureSize);
  const nearest = (red: number, green: number, blue: number): number => {
    const cell = cellOf(red, green, blue);
    const known = nearestOf[cell]!;
    if (known >= 0) return known;
    const found = nearestColor(colors, ...centreOf(cell));
    nearestOf[cell] = found;
    return found;
  };
  return {
    nearest,
    mixed(red, green, blue, rank) {
      const cell = cellOf(red, green, blue);
      if (isMixed[cell] === 0) {
        mixtureOf.set(mix(colors, nearest, centreOf(cell)), cell * mixtureSize);
        isMixed[cell] = 1;
      }
      return mixtureOf[cell * mixtureSize + rank]!;
    },
  };
}

/**
 * Thomas Knoll's pattern dithering: pick the nearest colour again and again, each time aiming off by the error that the
 * earlier picks left, so that the mean approaches the target whatever the palette looks like.
 */
function mix(
  colors: readonly Rgb[],
  nearest: (red: number, green: number, blue: number) => number,
  [red, green, blue]: Rgb,
): number[] {
  const picks: number[] = [];
  let [redError, greenError, blueError] = [0, 0, 0];
  for (let pick = 0; pick < mixtureSize; pick++) {
    const index = nearest(
      clampByte(red + redError * strength),
      clampByte(green + greenError * strength),
      clampByte(blue + blueError * strength),
    );
    const [r, g, b] = colors[index]!;
    redError += red - r;
    greenError += green - g;
    blueError += blue - b;
    picks.push(index);
  }
  return picks.sort((a, b) => brightness(colors[a]!) - brightness(colors[b]!));
}

// Luma of ITU-R BT.601.
function brightness([red, green, blue]: Rgb): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** The value, or the end of the range 0 to 255 that it lies beyond. */
export function clampByte(value: number): number {
  return value < 0 ? 0 : Math.min(value, 255);
}

function cellOf(red: number, green: number, blue: number): number {
  return ((red >> 1) << 14) | ((green >> 1) << 7) | (blue >> 1);
}

// A cell holds two values of each channel. Those at the ends stand for 0 and 255, so that pure black and white find
// themselves.
function centreOf(cell: number): Rgb {
  const centre = (index: number): number => (index === 0 ? 0 : index === side - 1 ? 255 : index * 2 + 0.5);
  return [centre(cell >> 14), centre((cell >> 7) & 127), centre(cell & 127)];
}
