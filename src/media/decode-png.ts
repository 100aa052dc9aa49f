import { crc32 } from '../core/crc32.js';
import { concatBytes } from './bytes.js';
import type { Frame } from './frame.js';
import { inflateExactly } from './inflate.js';
import { brokenPicture, checkPictureSize } from './picture-limits.js';
import { pngSignature } from './png-chunk.js';
import { type PngFormat, pngPasses, pngPixels, unfilterRows } from './png-rows.js';

/** Samples a pixel has, and the bits they may have, by PNG's colour type (PNG specification §11.2.1). */
const colourTypes: Readonly<
  Record<number, { readonly channels: number; readonly depths: readonly number[] }>
> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** Whether a file begins as PNGs do. */
export function isPng(bytes: Uint8Array): boolean {
  return pngSignature.every((byte, i) => bytes[i] === byte);
}

/**
 * A PNG file's picture: of every colour type and depth, interlaced or not; 16 bits are rounded to 8. Of an APNG the
 * first. No room is made that the file does not fill.
 * @throws `weights-format` that names the file when it is broken or cut short, `unsupported` when it is too large.
 */
export async function decodePng(bytes: Uint8Array, name: string, maxPixels: number): Promise<Frame> {
  const { format, compressed } = readChunks(bytes, name);
  const { width, height } = format;
  checkPictureSize(name, width, height, maxPixels);
  const passes = pngPasses(format);
  const size = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (rowBytes + 1), 0);
  const data = await inflateExactly(compressed, size, name);
  const frame: Frame = { width, height, data: new Uint8ClampedArray(4 * width * height) };
  let at = 0;
  for (const pass of passes) {
    const end = at + pass.rows * (pass.rowBytes + 1);
    if (!unfilterRows(data.subarray(at, end), pass, format))
      brokenPicture(name, 'it has a row filter that does not exist');
    pngPixels(data.subarray(at, end), pass, format, frame);
    at = end;
  }
  return frame;
}

function readChunks(
  bytes: Uint8Array,
  name: string,
): { format: PngFormat; compressed: Uint8Array<ArrayBuffer> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let header: Uint8Array | undefined;
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  for (let at = pngSignature.length; ; ) {
    if (at + 12 > bytes.length) brokenPicture(name, 'the PNG is cut short');
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) brokenPicture(name, 'the PNG is cut short');
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IEND') break;
    if (['IHDR', 'PLTE', 'tRNS', 'IDAT'].includes(type)) {
      const stored = view.getUint32(at + 8 + length);
      if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== stored)
        brokenPicture(name, `the PNG's ${type} is damaged`);
    }
    if (type === 'IHDR') header = content;
    if (type === 'PLTE') palette = content;
    if (type === 'tRNS') transparency = content;
    if (type === 'IDAT') parts.push(content);
    at += 12 + length;
  }
  return { format: formatOf(header, palette, transparency, name), compressed: concatBytes(parts).slice() };
}

function formatOf(
  header: Uint8Array | undefined,
  palette: Uint8Array | undefined,
  transparency: Uint8Array | undefined,
  name: string,
): PngFormat {
  if (header?.length !== 13) return brokenPicture(name, 'the PNG has no header');
  const view = new DataView(header.buffer, header.byteOffset, 13);
  const [depth, colourType, compression, filter, interlace] = [8, 9, 10, 11, 12].map((at) =>
    view.getUint8(at),
  );
  const known = colourTypes[colourType!];
  if (!known?.depths.includes(depth!) || compression !== 0 || filter !== 0 || interlace! > 1) {
    return brokenPicture(
      name,
      `no PNG has colour type ${colourType} with ${depth} bits, or it is of a later kind`,
    );
  }
  if (colourType === 3 && !palette) return brokenPicture(name, 'the PNG has no palette');
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth!,
    channels: known.channels,
    palette: colourType === 3 ? palette : undefined,
    transparency,
    interlaced: interlace === 1,
  };
}
