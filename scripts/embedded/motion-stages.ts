import { bytesSource } from 'animatediff-js';
import { trainMotionLora, trainMotionModule } from 'animatediff-js/training';
import type { ClipTrainingOptions } from '../../src/training/training-options.ts';
import { stockClips } from './clips.ts';
import type { Camera, Scene } from './scenes.ts';
import { selfTurn } from './shape-match.ts';
import { madeOnce } from './stage-files.ts';
import { adapterInPlace, modelFiles, modelSource, seed, trainerOptions } from './trainer-options.ts';
import { type Motion, shapes } from './vocabulary.ts';

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

/** Motions that take place within the shape are harder to learn than those that move it. */
const harder: readonly Motion[] = ['growing', 'spinning', 'shrinking'];

/** The motion module: first all motions alike, then new clips of which every second one shows a harder motion. */
export async function trainMotion(): Promise<Uint8Array> {
  const first = await madeOnce(
    'motion-first.safetensors',
    async () => (await trainMotionModule(motionOptions('motion', 5000))).file,
  );
  const { file } = await trainMotionModule({
    ...motionOptions('motion-second', 2400),
    motionModule: bytesSource(first),
    clips: stockClips(seed + 1, 1600, (index) =>
      index % 2 === 0 ? { motion: harder[(index / 2) % harder.length]! } : {},
    ),
    learningRate: 1e-3,
  });
  return file;
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
