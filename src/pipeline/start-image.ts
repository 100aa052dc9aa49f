import { checkOptions } from '../core/check-options.js';
import type { Float32Tensor } from '../core/tensor.js';
import type { Frame } from '../media/frame.js';
import { interpolatedStart } from '../noise/interpolated-start.js';
import { type InterpolatedStartOptions, interpolationSchema } from '../noise/interpolation-options.js';
import { invalid } from './component-options.js';
import { encodeVideo } from './encode-video.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import type { GenerationParts } from './generation-parts.js';
import { latentFrame } from './latents.js';

/** Pictures that an animation takes off from and arrives at, mixed into its start noise. */
export interface StartImage extends InterpolatedStartOptions {
  /** The picture at the beginning. */
  first: Frame;
  /** The picture at the end. Default: the animation ends where it wants to. */
  last?: Frame | undefined;
}

/**
 * The pictures of an `image` option, the first one first, and how they are mixed.
 * @throws `invalid-options` for what does not go together.
 */
export function startImage(
  image: Frame | StartImage,
  numFrames: number,
): { readonly pictures: readonly Frame[]; readonly mix: InterpolatedStartOptions } {
  if (!('first' in image)) return { pictures: [image], mix: {} };
  const { first, last, ...given } = image;
  const mix = checkOptions(interpolationSchema(), given, 'image');
  if (last === undefined) return { pictures: [first], mix };
  if (mix.method === 'spherical')
    invalid("image.last: only method 'linear' takes a last picture; leave it out");
  if (numFrames === 1) invalid('image.last: a single frame cannot end with another picture; leave it out');
  return { pictures: [first, last], mix };
}

/** Start noise with the pictures mixed in, in its own shape. */
export async function* noiseWithImage(
  parts: GenerationParts,
  image: Frame | StartImage,
  noise: Float32Tensor,
  options: Pick<ResolvedGenerateOptions, 'signal' | 'vaeTiling'>,
): AsyncGenerator<PipelineEvent, Float32Tensor, undefined> {
  const { pictures, mix } = startImage(image, noise.shape[2] ?? 1);
  const clip = yield* encodeVideo(parts, pictures, options);
  const last = pictures.length > 1 ? latentFrame(clip, 1, 1) : undefined;
  return interpolatedStart(latentFrame(clip, 0, 1), last, noise, mix);
}
