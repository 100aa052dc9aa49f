import type { Frame } from './frame.js';
import { unpackGifCodes } from './gif-codes.js';
import { type GifPicture, gifFile } from './gif-reader.js';
import { brokenPicture, checkPictureSize } from './picture-limits.js';

/** One frame of a GIF, as it is seen. */
export interface GifFrame {
  /** The whole canvas; what no picture has covered is transparent. */
  readonly frame: Frame;
  /** Seconds that it is shown. */
  readonly seconds: number;
}

/** Most pixels that are unpacked of one file: 1024 frames of 2048 × 2048. */
const mostUnpacked = 2 ** 32;

/**
 * The frames of a GIF one after the other, each put together from its picture and what was there before.
 * @throws `weights-format` that names the file when it is broken or cut short, `unsupported` when it is too large.
 */
export function* gifFrames(bytes: Uint8Array, name: string, maxPixels: number): Generator<GifFrame, void> {
  const { width, height, pictures } = gifFile(bytes, name);
  checkPictureSize(name, width, height, maxPixels);
  const canvas = new Uint8ClampedArray(4 * width * height);
  let unpacked = 0;
  let shown = 0;
  for (const picture of pictures) {
    checkPictureSize(name, picture.width, picture.height, maxPixels);
    unpacked += Math.max(picture.width * picture.height, width * height);
    if (unpacked > mostUnpacked) brokenPicture(name, 'its frames have too many pixels together');
    const colours = unpackGifCodes(picture.codes, picture.codeSize, picture.width * picture.height);
    if (colours === undefined) brokenPicture(name, `the pixels of the GIF's frame ${shown} are damaged`);
    const kept = picture.disposal === 3 ? canvas.slice() : undefined;
    draw(picture, colours, canvas, width, height);
    // Browsers show what claims to be gone at once for a tenth of a second.
    const seconds = picture.hundredths < 2 ? 0.1 : picture.hundredths / 100;
    yield { frame: { width, height, data: canvas.slice() }, seconds };
    if (kept) canvas.set(kept);
    if (picture.disposal === 2) clearArea(picture, canvas, width, height);
    shown++;
  }
  if (shown === 0) brokenPicture(name, 'the GIF has no picture');
}

function draw(
  { left, top, width, height, interlaced, colours, transparent }: GifPicture,
  indexes: Uint8Array,
  canvas: Uint8ClampedArray,
  canvasWidth: number,
  canvasHeight: number,
): void {
  const rows = interlaced ? interlacedRows(height) : undefined;
  const columns = Math.min(width, canvasWidth - left);
  for (let stored = 0; stored < height; stored++) {
    const y = top + (rows?.[stored] ?? stored);
    if (y >= canvasHeight) continue;
    for (let x = 0; x < columns; x++) {
      const index = indexes[stored * width + x]!;
      if (index === transparent) continue;
      const to = 4 * (y * canvasWidth + left + x);
      for (let c = 0; c < 3; c++) canvas[to + c] = colours[3 * index + c] ?? 0;
      canvas[to + 3] = 255;
    }
  }
}

/** Rows in the order in which an interlaced picture stores them (GIF89a specification, appendix E). */
function interlacedRows(height: number): number[] {
  return [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ].flatMap(([from, step]) =>
    Array.from({ length: Math.max(0, Math.ceil((height - from!) / step!)) }, (_, i) => from! + i * step!),
  );
}

function clearArea(
  { left, top, width, height }: GifPicture,
  canvas: Uint8ClampedArray,
  canvasWidth: number,
  canvasHeight: number,
): void {
  const right = Math.min(left + width, canvasWidth);
  for (let y = top; y < Math.min(top + height, canvasHeight) && left < right; y++) {
    canvas.fill(0, 4 * (y * canvasWidth + left), 4 * (y * canvasWidth + right));
  }
}
