import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { checkFrame, type Frame } from './frame.js';
import { resample, type SourceBox } from './resample.js';

/**
 * What happens when a picture and its new size have other proportions.
 *
 * - `cover`: fills the size; what sticks out at two sides is cut off.
 * - `contain`: all of it is seen, in the middle of black.
 * - `fill`: stretched.
 */
export type Fit = 'cover' | 'contain' | 'fill';

/** The size to give pictures. */
export interface ResizeOptions {
  /** Pixels. Default: as `height` asks for by the picture's own proportions; without either its own. */
  width?: number | undefined;
  /** Pixels. Default: as `width` asks for by the picture's own proportions; without either its own. */
  height?: number | undefined;
  /** See {@link Fit}. Default `cover`. */
  fit?: Fit | undefined;
}

/** Longest side of a picture to make, in pixels. */
const longestSide = 16384;

/** Schemas of {@link ResizeOptions}, to be spread into those of what resizes. */
export function resizeFields(): {
  [Name in keyof Required<ResizeOptions>]: z.ZodMiniType<ResizeOptions[Name]>;
} {
  const side = z.optional(z.int().check(z.gte(1), z.lte(longestSide)));
  return { width: side, height: side, fit: z.optional(z.enum(['cover', 'contain', 'fill'])) };
}

/**
 * A picture in another size: bicubic, averaging over all pixels that one becomes when it gets smaller, as Pillow's
 * `BICUBIC` does. A picture that has the size already is returned as it is.
 * @throws `invalid-options` for wrong options, or a frame whose size and data disagree.
 */
export function resizeFrame(frame: Frame, options: ResizeOptions): Frame {
  const checked = checkOptions<ResizeOptions>(z.strictObject(resizeFields()), options, 'resizeFrame');
  checkFrame(frame, 'resizeFrame: the frame', 65535);
  return resized(frame, checked);
}

/** {@link resizeFrame} of what is checked already. */
export function resized(frame: Frame, { fit = 'cover', ...asked }: ResizeOptions): Frame {
  const { width, height } = resizedSize(frame, asked);
  if (width === frame.width && height === frame.height) return frame;
  if (fit === 'contain') return contained(frame, width, height);
  return resample(frame, fit === 'cover' ? covering(frame, width, height) : whole(frame), width, height);
}

/** The size that a picture gets. */
export function resizedSize(
  own: { readonly width: number; readonly height: number },
  { width, height }: ResizeOptions,
): { readonly width: number; readonly height: number } {
  const inRatio = (asked: number, side: number, across: number): number =>
    Math.min(longestSide, Math.max(1, Math.round((asked * side) / across)));
  return {
    width: width ?? (height === undefined ? own.width : inRatio(height, own.width, own.height)),
    height: height ?? (width === undefined ? own.height : inRatio(width, own.height, own.width)),
  };
}

function whole({ width, height }: Frame): SourceBox {
  return { left: 0, top: 0, width, height };
}

/** The largest part of the middle that has the new proportions. */
function covering(frame: Frame, width: number, height: number): SourceBox {
  const scale = Math.min(frame.width / width, frame.height / height);
  const [w, h] = [width * scale, height * scale];
  return { left: (frame.width - w) / 2, top: (frame.height - h) / 2, width: w, height: h };
}

function contained(frame: Frame, width: number, height: number): Frame {
  const scale = Math.min(width / frame.width, height / frame.height);
  const [w, h] = [frame.width, frame.height].map((side) => Math.max(1, Math.round(side * scale)));
  const inner = resample(frame, whole(frame), w!, h!);
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  const [left, top] = [Math.floor((width - w!) / 2), Math.floor((height - h!) / 2)];
  for (let y = 0; y < h!; y++) {
    data.set(inner.data.subarray(4 * y * w!, 4 * (y + 1) * w!), 4 * ((top + y) * width + left));
  }
  return { width, height, data };
}
