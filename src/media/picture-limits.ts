import { AnimateDiffError } from '../core/errors.js';

/** How large pictures may be that strangers' files and pages hold. */
export interface PictureLimits {
  /** Most pixels of one picture as it is stored. Default 2²⁶, 67 million. */
  maxPixels?: number | undefined;
  /** Most pixels of all frames together as they are returned, 4 bytes each. Default 2²⁸: 1024 frames of 512 × 512. */
  maxTotalPixels?: number | undefined;
}

/** {@link PictureLimits.maxPixels} unless given. */
export const usualMaxPixels: number = 2 ** 26;

/** {@link PictureLimits.maxTotalPixels} unless given. */
export const usualMaxTotalPixels: number = 2 ** 28;

/** @throws `weights-format`: the file or picture `name` is broken. */
export function brokenPicture(name: string, why: string, cause?: unknown): never {
  throw new AnimateDiffError('weights-format', `${name} cannot be read: ${why}`, { cause });
}

/**
 * Checks a size before room is made for it.
 * @throws `weights-format` for a picture without pixels, `unsupported` for one with too many.
 */
export function checkPictureSize(name: string, width: number, height: number, maxPixels: number): void {
  if (!(width >= 1 && height >= 1)) brokenPicture(name, `it has ${width}×${height} pixels`);
  if (width * height <= maxPixels) return;
  throw new AnimateDiffError(
    'unsupported',
    `${name}: ${width}×${height} pixels are more than maxPixels ${maxPixels}; make the picture smaller, or raise the limit`,
  );
}

/** Counts pixels that are kept. @throws `unsupported` from the returned function when they become too many. */
export function pixelBudget(name: string, maxTotalPixels: number): (width: number, height: number) => void {
  let left = maxTotalPixels;
  return (width, height) => {
    left -= width * height;
    if (left >= 0) return;
    throw new AnimateDiffError(
      'unsupported',
      `${name}: its frames have more than maxTotalPixels ${maxTotalPixels} together; ask for fewer by maxFrames or smaller ones by width and height, or raise the limit`,
    );
  };
}
