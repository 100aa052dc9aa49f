import type { TrainingClip } from '../../src/training/clip.ts';
import { captionOf, stillCaptionOf } from './captions.ts';
import { pastel } from './pastel.ts';
import { clipLength, randomScene, renderFrame, renderScene, type Scene } from './scenes.ts';
import { stockLook } from './stock-look.ts';

/**
 * Single frames of scenes. Half of the captions tell the motion: their frames are of its last third, where its outcome is
 * to be seen. So the image model has a use for those words, and hands them on to the motion module, which sees no text.
 */
export function pictureClips(seed: number, count: number): TrainingClip[] {
  return Array.from({ length: count }, (_, index) => {
    const scene = randomScene(seed, index);
    const told = index % 2 === 1;
    const late = clipLength - 1 - (index % 5);
    return {
      name: `picture ${index}`,
      caption: told ? captionOf(scene) : stillCaptionOf(scene),
      frames: [renderFrame(scene, told ? late : ((index >> 1) * 7) % clipLength)],
    };
  });
}

/** Whole clips that look as stock videos do. */
export function stockClips(seed: number, count: number): TrainingClip[] {
  return Array.from({ length: count }, (_, index) => {
    const scene = randomScene(seed, index);
    return {
      name: `clip ${index}`,
      caption: captionOf(scene),
      frames: renderScene(scene).map(stockLook),
    };
  });
}

/** Single frames of stock clips, to learn their look from. */
export function stockPictures(seed: number, count: number): TrainingClip[] {
  return pictureClips(seed, count).map((clip) => ({ ...clip, frames: clip.frames.map(stockLook) }));
}

/** Clips in which the camera moves and nothing else does. */
export function cameraClips(
  seed: number,
  count: number,
  camera: NonNullable<Scene['camera']>,
): TrainingClip[] {
  return Array.from({ length: count }, (_, index) => {
    const scene = randomScene(seed, index, { camera, motion: 'standing still' });
    return {
      name: `${camera} ${index}`,
      caption: captionOf(scene),
      frames: renderScene(scene).map(stockLook),
    };
  });
}

/** Single frames in pale colours. */
export function pastelPictures(seed: number, count: number): TrainingClip[] {
  return pictureClips(seed, count).map((clip) => ({ ...clip, frames: clip.frames.map(pastel) }));
}
