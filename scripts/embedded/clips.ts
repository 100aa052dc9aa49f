import type { Frame } from '../../src/media/frame.ts';
import type { TrainingClip } from '../../src/training/clip.ts';
import { captionOf, stillCaptionOf } from './captions.ts';
import { clipLength, randomScene, renderFrame, renderScene, type Scene } from './scenes.ts';
import { stockLook } from './stock-look.ts';

/**
 * Single frames of scenes. Half of the captions tell the motion: their frames are of its last third, where its outcome is
 * to be seen. So the image model has a use for those words, and hands them on to the motion module, which sees no text.
 * @param look What is done to each frame, such as the stock look. Default: nothing.
 */
export function pictureClips(
  seed: number,
  count: number,
  look: (frame: Frame) => Frame = (frame) => frame,
): TrainingClip[] {
  return Array.from({ length: count }, (_, index) => {
    const scene = randomScene(seed, index);
    const told = index % 2 === 1;
    const late = clipLength - 1 - (index % 5);
    return {
      name: `picture ${index}`,
      caption: told ? captionOf(scene) : stillCaptionOf(scene),
      frames: [look(renderFrame(scene, told ? late : ((index >> 1) * 7) % clipLength))],
    };
  });
}

/**
 * Whole clips that look as stock videos do.
 * @param fixed What is not drawn of each. Default: nothing.
 */
export function stockClips(
  seed: number,
  count: number,
  fixed: (index: number) => Partial<Scene> = () => ({}),
): TrainingClip[] {
  return Array.from({ length: count }, (_, index) => {
    const scene = randomScene(seed, index, fixed(index));
    return {
      name: `${scene.camera ?? 'clip'} ${index}`,
      caption: captionOf(scene),
      frames: renderScene(scene).map(stockLook),
    };
  });
}
