import type { Frame } from '../../src/media/frame.ts';
import { captionOf, type Subject } from './captions.ts';
import { agreement, type Measured, measure, watermarkEnergy } from './measure.ts';
import { type Camera, clipLength, pictureSize } from './scenes.ts';
import { subjectAt } from './subjects.ts';

/** What {@link animate} asks of a pipeline. */
export interface Animator {
  generate(options: {
    prompt: string;
    width: number;
    height: number;
    numFrames: number;
    numInferenceSteps: number;
    guidanceScale: number;
    seed: number;
  }): Promise<{ readonly frames: readonly Frame[] }>;
}

/** Shares of animations that show what their captions say, and their mean watermark energy. */
export interface CaptionShares {
  readonly background: number;
  readonly colour: number;
  readonly shape: number;
  readonly motion: number;
  readonly watermark: number;
}

/** An animation with the settings that suit the model. */
export async function animate(pipeline: Animator, subject: Subject, seed: number): Promise<readonly Frame[]> {
  const { frames } = await pipeline.generate({
    prompt: captionOf(subject),
    width: pictureSize,
    height: pictureSize,
    numFrames: clipLength,
    numInferenceSteps: 25,
    guidanceScale: 5,
    seed,
  });
  return frames;
}

/** Animations of as many seeds, each with its own caption out of all. */
export async function captionShares(pipeline: Animator, seeds: number): Promise<CaptionShares> {
  const sums = { background: 0, colour: 0, shape: 0, motion: 0, watermark: 0 };
  for (let seed = 0; seed < seeds; seed++) {
    const subject = subjectAt(seed);
    const frames = await animate(pipeline, subject, seed);
    const found = agreement(subject, measure(frames));
    for (const what of ['background', 'colour', 'shape', 'motion'] as const) {
      sums[what] += Number(found[what]) / seeds;
    }
    sums.watermark += watermarkEnergy(frames) / seeds;
  }
  return sums;
}

/** What counts as the camera's movement having come about. */
const cameraSeen: Readonly<Record<Camera, (measured: Measured) => boolean>> = {
  'zoom-in': ({ growth }) => growth > 1.05,
  'zoom-out': ({ growth }) => growth < 0.95,
  'pan-left': ({ dx }) => dx > 3,
  roll: ({ turn }) => turn > 0.3,
};

/** Share of standing subjects, which a pipeline with a MotionLoRA animates, that move as its camera does. */
export async function cameraShare(pipeline: Animator, camera: Camera, seeds: number): Promise<number> {
  let seen = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const subject = { ...subjectAt(seed), motion: 'standing still' } as const;
    // Nobody sees a circle or a ring roll.
    const shape = camera === 'roll' && ['circle', 'ring'].includes(subject.shape) ? 'square' : subject.shape;
    const frames = await animate(pipeline, { ...subject, shape }, seed);
    seen += Number(cameraSeen[camera](measure(frames)));
  }
  return seen / seeds;
}
