import { AnimateDiffError } from '../core/errors.js';
import { yieldToEventLoop } from '../core/yield.js';
import { type VolumeSize, volumeTransform } from './fourier-volume.js';
import { type FreeInitOptions, resolveFreeInit } from './free-init-options.js';
import { checkLength, type LatentSize, latentSize } from './latent-size.js';
import { lowPassFilter } from './low-pass-filter.js';

/** What the next iteration's noise is made of; all arrays are `[1, channels, frames, height, width]`. */
export interface FreeInitRequest {
  /** Clean latents that the iteration before ended with. */
  readonly previous: Float32Array;
  /** The very first iteration's start noise, from N(0, 1), before it was scaled to `initialSigma`. */
  readonly startNoise: Float32Array;
  /** New noise from N(0, 1). */
  readonly fresh: Float32Array;
  /** ᾱ of the last training timestep, in [0, 1]: 0.0047 of AnimateDiff's own schedule. */
  readonly finalAlpha: number;
  /** `[1, channels, frames, height, width]`. */
  readonly shape: readonly number[];
  /** Filter and stop frequencies; the rest has no effect here. */
  readonly options?: FreeInitOptions | undefined;
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Start noise of a further iteration of FreeInit: the last result, noised as far as training went with the first
 * iteration's noise, below the stop frequencies; fresh noise above them (Wu et al. 2023, in diffusers'
 * form). `[1, channels, frames, height, width]`, not yet scaled to the sampler's `initialSigma`.
 *
 * Computed as fresh + lowPass(noised − fresh), which is the same and needs one transform in place of two.
 *
 * @throws `invalid-options` when an option is wrong or a length does not fit the shape.
 */
export async function freeInitNoise(request: FreeInitRequest): Promise<Float32Array> {
  const { previous, startNoise, fresh, finalAlpha, shape, options, signal } = request;
  const size = latentSize(shape);
  for (const [name, values] of Object.entries({ previous, startNoise, fresh }))
    checkLength(name, values, size);
  if (!(finalAlpha >= 0 && finalAlpha <= 1)) {
    throw new AnimateDiffError(
      'invalid-options',
      `finalAlpha: expected a number in [0, 1], got ${finalAlpha}`,
    );
  }
  const [clean, noise] = [Math.sqrt(finalAlpha), Math.sqrt(1 - finalAlpha)];
  const difference = (i: number): number => clean * previous[i]! + noise * startNoise[i]! - fresh[i]!;
  signal?.throwIfAborted();
  const low = await lowPassed(difference, size, options, signal);
  return fresh.map((value, i) => value + low[i]!);
}

/**
 * Denoising steps of an iteration: all, or with `useFastSampling` a share that grows to all in the last one ("coarse
 * to fine"): max(1, ⌊steps · (iteration + 1) / iterations⌋).
 * @param steps Steps of the last iteration.
 * @param iteration Counted from 0.
 * @throws `invalid-options` for wrong options.
 */
export function freeInitSteps(
  steps: number,
  iteration: number,
  options?: FreeInitOptions | undefined,
): number {
  const { iterations, useFastSampling } = resolveFreeInit(options);
  return useFastSampling ? Math.max(1, Math.floor((steps * (iteration + 1)) / iterations)) : steps;
}

/** Low frequencies of every channel. Two channels travel as real and imaginary part of one volume. */
async function lowPassed(
  value: (index: number) => number,
  { channels, frames, height, width, plane }: LatentSize,
  options: FreeInitOptions | undefined,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const size: VolumeSize = [frames, height, width];
  const volume = frames * plane;
  const filter = lowPassFilter(options, size);
  await yieldToEventLoop();
  const gains = evenPart(filter, size);
  const transform = volumeTransform(size);
  const out = new Float64Array(channels * volume);
  for (let channel = 0; channel < channels; channel += 2) {
    await yieldToEventLoop();
    signal?.throwIfAborted();
    const at = channel * volume;
    const re = out.subarray(at, at + volume);
    const paired = channel + 1 < channels;
    const im = paired ? out.subarray(at + volume, at + 2 * volume) : new Float64Array(volume);
    for (let i = 0; i < volume; i++) re[i] = value(at + i);
    if (paired) for (let i = 0; i < volume; i++) im[i] = value(at + volume + i);
    await transform.forward(re, im, signal);
    for (let i = 0; i < volume; i++) {
      re[i] = re[i]! * gains[i]!;
      im[i] = im[i]! * gains[i]!;
    }
    await transform.inverse(re, im, signal);
  }
  return out;
}

/**
 * (g(k) + g(−k)) / 2: what a filter does to real values when only the real part of the result is kept. It makes the
 * two channels of a volume independent of each other where the filter is off centre.
 */
function evenPart(gains: Float32Array, [frames, height, width]: VolumeSize): Float64Array {
  const out = new Float64Array(gains.length);
  const opposite = (index: number, size: number): number => (size - index) % size;
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    for (let row = 0; row < height; row++) {
      const line = (opposite(frame, frames) * height + opposite(row, height)) * width;
      for (let column = 0; column < width; column++, at++) {
        out[at] = (gains[at]! + gains[line + opposite(column, width)]!) / 2;
      }
    }
  }
  return out;
}
