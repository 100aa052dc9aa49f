import type { Frame } from './frame.js';
import { paeth } from './png-filter.js';

/** How a PNG stores its pixels. */
export interface PngFormat {
  readonly width: number;
  readonly height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  /** Samples a pixel: 1 grey or palette, 2 grey and alpha, 3 colours, 4 colours and alpha. */
  readonly channels: number;
  /** Red, green and blue of each entry, where samples are entries. */
  readonly palette: Uint8Array | undefined;
  /** Alpha of the palette's entries, or the samples of the colour that is transparent, 2 bytes each. */
  readonly transparency: Uint8Array | undefined;
  readonly interlaced: boolean;
}

/** Pixels that are stored together: all, or every so many of an interlaced picture. */
export interface PngPass {
  readonly left: number;
  readonly top: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly columns: number;
  readonly rows: number;
  /** Bytes of a row without its filter type. */
  readonly rowBytes: number;
}

/** Left, top, horizontal and vertical step of Adam7's passes (PNG specification §8.2). */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The passes of a picture in the order in which they are stored, without empty ones. */
export function pngPasses({ width, height, depth, channels, interlaced }: PngFormat): PngPass[] {
  return (interlaced ? adam7 : ([[0, 0, 1, 1]] as const))
    .map(([left, top, stepX, stepY]) => {
      const columns = Math.ceil((width - left) / stepX);
      const rows = Math.ceil((height - top) / stepY);
      return {
        left,
        top,
        stepX,
        stepY,
        columns,
        rows,
        rowBytes: Math.ceil((columns * channels * depth) / 8),
      };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Turns differences back into samples, in place (§9). False for a filter type that does not exist. */
export function unfilterRows(data: Uint8Array, pass: PngPass, { depth, channels }: PngFormat): boolean {
  const { rows, rowBytes } = pass;
  const step = Math.max(1, (depth * channels) >> 3);
  let above = new Uint8Array(rowBytes);
  for (let y = 0; y < rows; y++) {
    const start = y * (rowBytes + 1);
    const row = data.subarray(start + 1, start + 1 + rowBytes);
    if (!unfilter(data[start]!, row, above, step)) return false;
    above = row as Uint8Array<ArrayBuffer>;
  }
  return true;
}

function unfilter(type: number, row: Uint8Array, above: Uint8Array, step: number): boolean {
  switch (type) {
    case 0:
      return true;
    case 1:
      for (let i = step; i < row.length; i++) row[i] = row[i]! + row[i - step]!;
      return true;
    case 2:
      for (let i = 0; i < row.length; i++) row[i] = row[i]! + above[i]!;
      return true;
    case 3:
      for (let i = 0; i < row.length; i++) {
        row[i] = row[i]! + (((i < step ? 0 : row[i - step]!) + above[i]!) >> 1);
      }
      return true;
    case 4:
      for (let i = 0; i < row.length; i++) {
        const inside = i >= step;
        row[i] = row[i]! + paeth(inside ? row[i - step]! : 0, above[i]!, inside ? above[i - step]! : 0);
      }
      return true;
    default:
      return false;
  }
}

/** Puts a pass's samples into the picture, as RGBA bytes. */
export function pngPixels(data: Uint8Array, pass: PngPass, format: PngFormat, frame: Frame): void {
  const asTheyAre = format.depth === 8 && format.channels > 2 && !format.interlaced && !format.transparency;
  if (asTheyAre) copyColours(data, pass, format.channels, frame);
  else convertSamples(data, pass, format, frame);
}

/** The usual case, some times faster: bytes of colours in their order. */
function copyColours(
  data: Uint8Array,
  { rows, columns, rowBytes }: PngPass,
  step: number,
  frame: Frame,
): void {
  const { data: out } = frame;
  for (let y = 0, to = 0; y < rows; y++) {
    let from = y * (rowBytes + 1) + 1;
    for (let x = 0; x < columns; x++, from += step, to += 4) {
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
      out[to + 3] = step === 4 ? data[from + 3]! : 255;
    }
  }
}

function convertSamples(data: Uint8Array, pass: PngPass, format: PngFormat, frame: Frame): void {
  const { channels, depth, palette, transparency } = format;
  const { columns, rows, rowBytes, left, top, stepX, stepY } = pass;
  const most = 2 ** depth - 1;
  const toByte = (sample: number): number => (depth === 8 ? sample : Math.round((sample * 255) / most));
  const clear = palette ? undefined : clearColour(transparency, channels);
  const { data: out, width } = frame;
  const pixel = new Uint16Array(channels);
  for (let y = 0; y < rows; y++) {
    const start = y * (rowBytes + 1) + 1;
    let to = 4 * ((top + y * stepY) * width + left);
    for (let x = 0; x < columns; x++, to += 4 * stepX) {
      for (let c = 0; c < channels; c++) pixel[c] = sampleAt(data, start, x * channels + c, depth);
      if (palette) {
        const entry = pixel[0]!;
        for (let c = 0; c < 3; c++) out[to + c] = palette[3 * entry + c] ?? 0;
        out[to + 3] = transparency?.[entry] ?? 255;
        continue;
      }
      const grey = channels < 3;
      for (let c = 0; c < 3; c++) out[to + c] = toByte(pixel[grey ? 0 : c]!);
      if (channels % 2 === 0) out[to + 3] = toByte(pixel[channels - 1]!);
      else out[to + 3] = clear?.every((sample, c) => sample === pixel[c]) ? 0 : 255;
    }
  }
}

function sampleAt(data: Uint8Array, start: number, index: number, depth: number): number {
  if (depth === 8) return data[start + index]!;
  if (depth === 16) return data[start + 2 * index]! * 256 + data[start + 2 * index + 1]!;
  const bit = index * depth;
  return (data[start + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}

/** The samples of the colour that is transparent; only pictures without alpha have one. */
function clearColour(transparency: Uint8Array | undefined, channels: number): number[] | undefined {
  if (transparency === undefined || channels % 2 === 0 || transparency.length < 2 * channels)
    return undefined;
  return Array.from({ length: channels }, (_, c) => transparency[2 * c]! * 256 + transparency[2 * c + 1]!);
}
