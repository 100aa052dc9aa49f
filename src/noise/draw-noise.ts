import { AnimateDiffError } from '../core/errors.js';
import type { RandomSource } from '../core/random.js';
import { torchRandom } from '../core/torch-random.js';
import { type LatentSize, setFrame } from './latent-size.js';
import type { ResolvedStartNoise } from './start-noise-options.js';

/**
 * Noise of its own for every frame, laid out `[1, channels, frames, height, width]`.
 * @param random The generation's source. Left as it is by `a1111`, whose frames have sources of their own.
 * @throws `invalid-options` when there are not as many frame seeds as frames.
 */
export function drawNoise(
  { order, frameSeeds }: ResolvedStartNoise,
  size: LatentSize,
  seed: number,
  random: RandomSource,
): Float32Array {
  const { channels, frames, plane } = size;
  const frameLength = channels * plane;
  if (order === 'torch') return random.normal(frames * frameLength);
  const clip = new Float32Array(frames * frameLength);
  if (order === 'comfyui') {
    const drawn = random.normal(clip.length);
    for (let frame = 0; frame < frames; frame++) {
      setFrame(clip, size, frame, drawn.subarray(frame * frameLength, (frame + 1) * frameLength));
    }
    return clip;
  }
  for (const [frame, frameSeed] of seedsOfFrames(frameSeeds, frames, seed).entries()) {
    setFrame(clip, size, frame, torchRandom(frameSeed).normal(frameLength));
  }
  return clip;
}

function seedsOfFrames(
  given: readonly number[] | undefined,
  frames: number,
  seed: number,
): readonly (number | bigint)[] {
  // Seeds near 2 ** 53 have successors that a number cannot hold.
  if (given === undefined) return Array.from({ length: frames }, (_, frame) => BigInt(seed) + BigInt(frame));
  if (given.length === frames) return given;
  throw new AnimateDiffError(
    'invalid-options',
    `noise: frameSeeds: expected a seed for each of the ${frames} frames, got ${given.length}`,
  );
}
