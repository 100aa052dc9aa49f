import { AnimateDiffError } from '../core/errors.js';

/** Sizes of one clip of latents, `[1, channels, frames, height, width]`. */
export interface LatentSize {
  readonly channels: number;
  readonly frames: number;
  /** In latent pixels. */
  readonly height: number;
  /** In latent pixels. */
  readonly width: number;
  /** Numbers in one channel of one frame. */
  readonly plane: number;
}

/**
 * Reads the shape of one clip.
 * @throws `invalid-options` when it is not `[1, channels, frames, height, width]` with whole positive sizes.
 */
export function latentSize(shape: readonly number[]): LatentSize {
  const [batch, channels = 0, frames = 0, height = 0, width = 0] = shape;
  const whole = shape.every((size) => Number.isSafeInteger(size) && size > 0);
  if (shape.length !== 5 || batch !== 1 || !whole) {
    throw new AnimateDiffError(
      'invalid-options',
      `shape: expected [1, channels, frames, height, width], got [${shape.join(', ')}]`,
    );
  }
  return { channels, frames, height, width, plane: height * width };
}

/**
 * Checks that values fill a clip.
 * @throws `invalid-options` that names them otherwise.
 */
export function checkLength(name: string, values: Float32Array, size: LatentSize): void {
  const { channels, frames, height, width, plane } = size;
  if (values.length === channels * frames * plane) return;
  throw new AnimateDiffError(
    'invalid-options',
    `${name}: expected ${channels * frames * plane} numbers for shape [1, ${channels}, ${frames}, ${height}, ${width}], got ${values.length}`,
  );
}

/** Writes one frame, `[channels, height, width]`, into a clip. */
export function setFrame(clip: Float32Array, size: LatentSize, frame: number, values: Float32Array): void {
  const { channels, frames, plane } = size;
  for (let channel = 0; channel < channels; channel++) {
    clip.set(values.subarray(channel * plane, (channel + 1) * plane), (channel * frames + frame) * plane);
  }
}

/** A new clip whose frame `i` is frame `sources[i]` of the given one. */
export function gatherFrames(clip: Float32Array, size: LatentSize, sources: readonly number[]): Float32Array {
  const { channels, frames, plane } = size;
  const out = new Float32Array(clip.length);
  for (let channel = 0; channel < channels; channel++) {
    for (const [frame, source] of sources.entries()) {
      const from = (channel * frames + source) * plane;
      out.set(clip.subarray(from, from + plane), (channel * frames + frame) * plane);
    }
  }
  return out;
}
