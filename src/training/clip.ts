import { AnimateDiffError } from '../core/errors.js';
import { checkFrames, type Frame } from '../media/frame.js';

/** A clip to learn from, with what it shows. */
export interface TrainingClip {
  /** For errors, and for the latents' cache: a name that no other clip of the run has. */
  readonly name: string;
  /** What it shows, as a prompt would say it. */
  readonly caption: string;
  /** Frames of one size, sides multiples of 8, in order. */
  readonly frames: readonly Frame[];
}

/** Longest side of a frame, in pixels. */
const longestSide = 2048;

/**
 * Checks that clips can be trained on together.
 * @param scale Pixels a latent pixel stands for.
 * @param frames Frames that each must have at least.
 * @throws `invalid-options` that names the clip.
 */
export function checkClips(clips: readonly TrainingClip[], scale: number, frames: number): void {
  const [first] = clips;
  if (first === undefined) invalid('expected at least one');
  const names = new Set<string>();
  for (const clip of clips) {
    const { name } = clip;
    if (names.has(name)) invalid(`two clips are called '${name}'`);
    names.add(name);
    const { width, height } = checkFrames(clip.frames, `clip '${name}'`, longestSide);
    if (width % scale !== 0 || height % scale !== 0) {
      invalid(`'${name}' is ${width}×${height}; sides must be multiples of ${scale}`);
    }
    const of = first.frames[0]!;
    if (width !== of.width || height !== of.height) {
      invalid(
        `'${name}' is ${width}×${height}, but '${first.name}' is ${of.width}×${of.height}; all must be of one size`,
      );
    }
    if (clip.frames.length < frames) {
      invalid(
        `'${name}' has ${clip.frames.length} frames, but ${frames} are needed for numFrames and frameStride`,
      );
    }
  }
}

function invalid(message: string): never {
  throw new AnimateDiffError('invalid-options', `clips: ${message}`);
}
