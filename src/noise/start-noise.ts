import { type MersenneTwister, mersenneTwister, restoreMersenneTwister } from '../core/mersenne-twister.js';
import type { RandomSource } from '../core/random.js';
import { drawNoise } from './draw-noise.js';
import { frameSources } from './frame-sources.js';
import { gatherFrames, latentSize } from './latent-size.js';
import { type NoiseOrder, resolveStartNoise, type StartNoise } from './start-noise-options.js';

/** What start noise is drawn for. */
export interface StartNoiseRequest {
  /** The generation's seed, an integer from 0 to 2 ** 53 - 1. */
  readonly seed: number;
  /** `[1, channels, frames, height, width]` of the latents. */
  readonly shape: readonly number[];
  /** The generation's source, fresh from the seed. It ends up in the same place whatever the kind. */
  readonly random: RandomSource;
}

/**
 * Draws the noise that a generation starts from: N(0, 1) in every element, `[1, channels, frames, height, width]`, not
 * yet scaled to the sampler's `initialSigma`. Without options it is `random.normal(count)`.
 *
 * All frames are drawn first, whatever the kind, so that the first `length` frames are those of `default`. Shuffles are
 * torch's: in order `torch` they go on where the draw ended, so that `freeNoise` gives what diffusers gives for the
 * seed; in the other orders they start from the seed afresh, as ComfyUI-AnimateDiff-Evolved does.
 *
 * @throws `invalid-options` when the options or the shape are wrong, or do not fit each other.
 */
export function startNoise(options: StartNoise | undefined, request: StartNoiseRequest): Float32Array {
  const resolved = resolveStartNoise(options);
  const { seed, random } = request;
  const size = latentSize(request.shape);
  const noise = drawNoise(resolved, size, seed, random);
  if (resolved.kind === 'default') return noise;
  return gatherFrames(
    noise,
    size,
    frameSources(resolved, size.frames, shuffler(resolved.order, seed, random)),
  );
}

/** A copy of the source's engine, so that shuffling leaves the source alone. Other kinds of sources have no such engine. */
function shuffler(order: NoiseOrder, seed: number, random: RandomSource): MersenneTwister {
  const going = order === 'torch' ? restoreMersenneTwister(random.state().words) : undefined;
  return going ?? mersenneTwister(seed);
}
