import { AnimateDiffError } from '../core/errors.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import {
  type InterpolatedStartOptions,
  type ResolvedInterpolation,
  resolveInterpolation,
} from './interpolation-options.js';
import { type LatentSize, latentSize } from './latent-size.js';
import { sphericalFactors } from './spherical.js';

/** Shares of the pictures in the start of each frame; the rest is noise. */
export interface PictureWeights {
  /** Of the first picture, by frame, in [0, 1]. */
  readonly first: readonly number[];
  /** Of the last picture, by frame, in [0, 1]; zeros when there is none. */
  readonly last: readonly number[];
}

/**
 * Shares of the `linear` method: max(0, 1 − distanceᵖ / scale), with the distance in frames from the picture's own
 * frame. Where both together exceed 1 they are divided by their sum, and each picture's own frame shows it alone.
 * The rule of sd-webui-animatediff.
 * @param withLast Whether there is a last picture.
 * @throws `invalid-options` for wrong options, and for a last picture of a single frame.
 */
export function pictureWeights(
  frames: number,
  withLast: boolean,
  options?: InterpolatedStartOptions | undefined,
): PictureWeights {
  const { power, scale } = resolveInterpolation(options);
  const near = Array.from({ length: frames }, (_, i) => Math.max(0, 1 - i ** power / scale));
  if (!withLast) return { first: near, last: near.map(() => 0) };
  if (frames < 2) fail('last: a single frame cannot end with another picture; leave it out');
  const far = near.toReversed();
  const shared = near.map((weight, i) => Math.max(1, weight + far[i]!));
  const first = near.map((weight, i) => (i === frames - 1 ? 0 : i === 0 ? 1 : weight / shared[i]!));
  return { first, last: first.toReversed() };
}

/**
 * Start of an animation that takes off from a picture, and may arrive at another, by mixing their latents into the
 * start noise. Neither method needs a model trained for it.
 *
 * - `linear`: frame = w·first + v·last + (1 − w − v)·noise, see {@link pictureWeights}.
 * - `spherical`: frame i of F lies the share (i / F)·(1 − strength) along the arc from its noise to the picture, as in
 *   diffusers' community pipeline `animatediff_img2video`.
 *
 * @param first Latents of the first picture, scaled as the UNet wants them, `[1, channels, height, width]`.
 * @param last Latents of the last picture, likewise.
 * @param noise Start noise from N(0, 1), `[1, channels, frames, height, width]`.
 * @returns `[1, channels, frames, height, width]`, in place of start noise: not yet scaled to `initialSigma`.
 * @throws `invalid-options` when options or shapes are wrong.
 */
export function interpolatedStart(
  first: Float32Tensor,
  last: Float32Tensor | undefined,
  noise: Float32Tensor,
  options?: InterpolatedStartOptions | undefined,
): Float32Tensor {
  const resolved = resolveInterpolation(options);
  const size = latentSize(noise.shape);
  checkPicture('first', first, size);
  if (last !== undefined) checkPicture('last', last, size);
  if (resolved.method === 'spherical' && last !== undefined) {
    fail("last: only method 'linear' takes a last picture; leave it out");
  }
  const data =
    resolved.method === 'linear'
      ? linearStart(first.data, last?.data, noise.data, size, resolved)
      : sphericalStart(first.data, noise.data, size, resolved.strength);
  return float32Tensor(data, noise.shape);
}

function linearStart(
  first: Float32Array,
  last: Float32Array | undefined,
  noise: Float32Array,
  size: LatentSize,
  options: ResolvedInterpolation,
): Float32Array {
  const weights = pictureWeights(size.frames, last !== undefined, options);
  return eachElement(size, (frame, inFrame, inClip) => {
    const [w, v] = [weights.first[frame]!, weights.last[frame]!];
    return w * first[inFrame]! + v * (last?.[inFrame] ?? 0) + (1 - w - v) * noise[inClip]!;
  });
}

function sphericalStart(
  picture: Float32Array,
  noise: Float32Array,
  size: LatentSize,
  strength: number,
): Float32Array {
  const factors = Array.from({ length: size.frames }, (_, frame) => {
    const share = (frame / size.frames) * (1 - strength);
    return sphericalFactors(frameOf(noise, size, frame), picture, share);
  });
  return eachElement(size, (frame, inFrame, inClip) => {
    const [ofNoise, ofPicture] = factors[frame]!;
    return ofNoise * noise[inClip]! + ofPicture * picture[inFrame]!;
  });
}

/** A clip computed element by element, from the index in the frame and in the clip. */
function eachElement(
  { channels, frames, plane }: LatentSize,
  value: (frame: number, inFrame: number, inClip: number) => number,
): Float32Array {
  const out = new Float32Array(channels * frames * plane);
  let at = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0; frame < frames; frame++) {
      for (let i = 0; i < plane; i++, at++) out[at] = value(frame, channel * plane + i, at);
    }
  }
  return out;
}

function frameOf(clip: Float32Array, { channels, frames, plane }: LatentSize, frame: number): Float32Array {
  const out = new Float32Array(channels * plane);
  for (let channel = 0; channel < channels; channel++) {
    const from = (channel * frames + frame) * plane;
    out.set(clip.subarray(from, from + plane), channel * plane);
  }
  return out;
}

function checkPicture(name: string, { shape }: Float32Tensor, size: LatentSize): void {
  const expected = [1, size.channels, size.height, size.width];
  if (shape.join() === expected.join()) return;
  fail(`${name}: expected latents of shape [${expected.join(', ')}], got [${shape.join(', ')}]`);
}

function fail(message: string): never {
  throw new AnimateDiffError('invalid-options', `interpolatedStart: ${message}`);
}
