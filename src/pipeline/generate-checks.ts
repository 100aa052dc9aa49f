import { checkFrames, type Frame } from '../media/frame.js';
import { invalid } from './component-options.js';
import type { GenerateOptions, ResolvedGenerateOptions } from './generate-options.js';
import { checkMotionAmount } from './motion-amounts.js';
import { startImage } from './start-image.js';
import { travelKeyframes } from './travel-keyframes.js';

/** Longest side that is taken, in pixels; beyond it even one frame's attention is out of reach. */
export const longestSide = 8192;

/** What single options cannot tell. @throws `invalid-options`. */
export function checkTogether(resolved: ResolvedGenerateOptions, given: GenerateOptions): void {
  const { video, image, numFrames, motionEffect, motionScale } = resolved;
  travelKeyframes(resolved.prompt, numFrames);
  travelKeyframes(resolved.negativePrompt, numFrames, { name: 'negativePrompt' });
  if (resolved.noise !== undefined && resolved.latents !== undefined) {
    invalid('noise: latents are the start noise; give one of the two');
  }
  if (resolved.freeInit && video !== undefined) {
    invalid('freeInit: begins again from noise, which video does not; give one of the two');
  }
  if (image !== undefined) {
    for (const other of ['video', 'latents', 'freeInit'] as const) {
      if (resolved[other])
        invalid(`image: is mixed into start noise, which ${other} has no use for; give one of the two`);
    }
    checkPictures('image', startImage(image, numFrames).pictures, resolved);
  }
  checkMotionAmount('motionEffect', motionEffect, numFrames);
  checkMotionAmount('motionScale', motionScale, numFrames);
  if (video === undefined) {
    if (given.strength !== undefined) invalid('strength: belongs to video; give frames, or leave it out');
    return;
  }
  if (video.length !== 1 && video.length !== numFrames) {
    invalid(`video: expected 1 or ${numFrames} frames, got ${video.length}`);
  }
  checkPictures('video', video, resolved);
}

function checkPictures(
  name: string,
  pictures: readonly Frame[],
  { width, height }: Pick<ResolvedGenerateOptions, 'width' | 'height'>,
): void {
  const size = checkFrames(pictures, name, longestSide);
  if (size.width !== width || size.height !== height) {
    invalid(
      `${name}: frames are ${size.width}×${size.height}, but ${width}×${height} are asked for; resize them first`,
    );
  }
}
