import { AnimateDiffError } from '../core/errors.js';

/** One picture of an animation. Its members are those of the DOM's `ImageData`, which is therefore a `Frame` too. */
export interface Frame {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /**
   * `width × height × 4` bytes: red, green, blue and alpha of each pixel, row by row from the top left. Colours are
   * sRGB and not multiplied by alpha; 255 is opaque.
   */
  readonly data: Uint8ClampedArray;
}

/** Width and height that all frames share, in pixels. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Checks that frames can form one animation.
 *
 * @param maxSide Longest side that the target format can hold, in pixels.
 * @returns The size of every frame.
 * @throws `invalid-options` that names the first bad frame, when there are none, sizes differ, a side is not a whole
 * number in `[1, maxSide]`, or `data` does not hold `width × height × 4` bytes.
 */
export function checkFrames(frames: readonly Frame[], format: string, maxSide: number): FrameSize {
  const first = Array.isArray(frames) ? frames[0] : undefined;
  if (first === undefined) {
    throw new AnimateDiffError(
      'invalid-options',
      `${format}: expected an array of at least one frame, got none`,
    );
  }
  frames.forEach((frame, index) => {
    checkFrame(frame, `${format}: frame ${index}`, maxSide);
    if (frame.width !== first.width || frame.height !== first.height) {
      refuse(
        `${format}: frame ${index}`,
        `is ${frame.width}×${frame.height}, but frame 0 is ${first.width}×${first.height}; all must be of one size`,
      );
    }
  });
  return { width: first.width, height: first.height };
}

/** The checks of {@link checkFrames} on a single frame. `name` begins the error message. */
export function checkFrame(frame: Frame, name: string, maxSide: number): void {
  if (typeof frame !== 'object' || frame === null) refuse(name, `is ${String(frame)}, not a frame`);
  const { width, height, data } = frame;
  for (const [side, value] of Object.entries({ width, height })) {
    if (!Number.isInteger(value) || value < 1 || value > maxSide) {
      refuse(name, `has ${side} ${value}; expected a whole number from 1 to ${maxSide}`);
    }
  }
  // Not `instanceof`: frames may come from another realm, such as an iframe.
  if (!ArrayBuffer.isView(data) || (data as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT !== 1) {
    refuse(name, 'has data that is not a Uint8ClampedArray');
  }
  if (data.length !== width * height * 4) {
    refuse(
      name,
      `has ${data.length} bytes of data; ${width}×${height} RGBA pixels need ${width * height * 4}`,
    );
  }
}

/** True when every pixel's alpha is 255. */
export function isOpaque(frame: Frame): boolean {
  const { data } = frame;
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}

function refuse(name: string, problem: string): never {
  throw new AnimateDiffError('invalid-options', `${name} ${problem}`);
}
