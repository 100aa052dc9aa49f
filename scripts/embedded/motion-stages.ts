import { trainMotionLora } from 'animatediff-js/training';
import type { ClipTrainingOptions } from '../../src/training/training-options.ts';
import { stockClips } from './clips.ts';
import type { Camera } from './scenes.ts';
import { adapterInPlace, modelFiles, modelSource, seed, trainerOptions } from './trainer-options.ts';

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
export const cameraSteps = 300;

/** A MotionLoRA of a camera, from so many clips of it. */
export async function trainCamera(name: string, camera: Camera, clips: number): Promise<Uint8Array> {
  const { file } = await trainMotionLora({
    ...trainerOptions(name),
    motionModule: modelSource(modelFiles.motion),
    adapters: [adapterInPlace()],
    clips: stockClips(seed, clips, camera),
    steps: cameraSteps,
    batchSize: 2,
    rank: 8,
    learningRate: 4e-3,
  });
  return file;
}
