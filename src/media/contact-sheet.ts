import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import { checkFrames, type Frame } from './frame.js';

/** Options of {@link contactSheet}. */
export interface ContactSheetOptions {
  /** Pictures in a row. Default: the square root of their number, rounded up. */
  columns?: number | undefined;
  /** Pixels between pictures and around them. Default 4. */
  gap?: number | undefined;
  /** Colour between pictures: red, green, blue and alpha, 0 to 255 each. Default a dark grey. */
  background?: readonly [red: number, green: number, blue: number, alpha: number] | undefined;
}

// What a typed array can hold in every current runtime, and far more than a screen.
const maxBytes = 2 ** 31;

/**
 * All frames side by side in one picture, in reading order, to see an animation at a glance.
 *
 * @throws `invalid-options` for bad options or frames, and when the sheet would take more than 2 GiB.
 */
export function contactSheet(frames: readonly Frame[], options?: ContactSheetOptions): Frame {
  const resolved = checkOptions<ResolvedContactSheetOptions>(contactSheetSchema(), options, 'contactSheet');
  const { gap, background } = resolved;
  const size = checkFrames(frames, 'contactSheet', 65535);
  const columns = Math.min(frames.length, resolved.columns ?? Math.ceil(Math.sqrt(frames.length)));
  const rows = Math.ceil(frames.length / columns);
  const width = gap + columns * (size.width + gap);
  const height = gap + rows * (size.height + gap);
  if (width * height * 4 > maxBytes) {
    const problem = `contactSheet: ${frames.length} frames in ${columns} columns make ${width}×${height} pixels, over 2 GiB`;
    throw new AnimateDiffError('invalid-options', `${problem}; pass fewer frames`);
  }
  const sheet = { width, height, data: filled(width * height, background) };
  frames.forEach((frame, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    paste(sheet, frame, gap + column * (size.width + gap), gap + row * (size.height + gap));
  });
  return sheet;
}

interface ResolvedContactSheetOptions {
  readonly columns?: number | undefined;
  readonly gap: number;
  readonly background: readonly [number, number, number, number];
}

function contactSheetSchema(): z.ZodMiniType<ResolvedContactSheetOptions> {
  const byte = z.int().check(z.minimum(0), z.maximum(255));
  return z.strictObject({
    columns: z.optional(z.int().check(z.minimum(1))),
    gap: z._default(z.int().check(z.minimum(0), z.maximum(1024)), 4),
    background: z._default(z.tuple([byte, byte, byte, byte]), [24, 24, 27, 255]),
  });
}

function filled(pixels: number, color: readonly number[]): Uint8ClampedArray {
  const data = new Uint8ClampedArray(pixels * 4);
  data.set(color);
  // Doubling what is there beats writing pixel by pixel.
  for (let done = 4; done < data.length; done *= 2) data.copyWithin(done, 0, done);
  return data;
}

function paste(sheet: Frame, frame: Frame, left: number, top: number): void {
  const rowBytes = frame.width * 4;
  for (let row = 0; row < frame.height; row++) {
    const source = frame.data.subarray(row * rowBytes, (row + 1) * rowBytes);
    sheet.data.set(source, ((top + row) * sheet.width + left) * 4);
  }
}
