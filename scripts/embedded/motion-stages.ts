import { trainMotionLora } from 'animatediff-js/training';
import type { ClipTrainingOptions } from '../../src/training/training-options.ts';
import { stockClips } from './clips.ts';
import type { Camera, Scene } from './scenes.ts';
import { selfTurn } from './shape-match.ts';
import { adapterInPlace, modelFiles, modelSource, seed, trainerOptions } from './trainer-options.ts';
import { shapes } from './vocabulary.ts';

/** How the motion module is trained: on clips with the stock look, with the domain adapter in place. */
export function motionOptions(name: string, steps: number): ClipTrainingOptions {
  return {
    ...trainerOptions(name),
    adapters: [adapterInPlace()],
    clips: stockClips(seed, 1600),
    steps,
    batchSize: 2,
    learningRate: 1.5e-3,
    averageDecay: 0.99,
  };
}

/** Steps of a MotionLoRA. */
export const cameraSteps = 800;

/** Shapes whose turning can be seen. */
const turning = shapes.filter((shape) => selfTurn[shape] > 0);

/** What clips of a camera show: nothing moves but the camera. */
function seenBy(camera: Camera, index: number): Partial<Scene> {
  const roll = camera === 'roll' && { shape: turning[index % turning.length]! };
  return { camera, motion: 'standing still', ...roll };
}

/** A MotionLoRA of a camera, from so many clips of it. */
export async function trainCamera(name: string, camera: Camera, clips: number): Promise<Uint8Array> {
  const { file } = await trainMotionLora({
    ...trainerOptions(name),
    motionModule: modelSource(modelFiles.motion),
    adapters: [adapterInPlace()],
    clips: stockClips(seed, clips, (index) => seenBy(camera, index)),
    steps: cameraSteps,
    batchSize: 2,
    rank: 16,
    learningRate: 4e-3,
  });
  return file;
}
