import {
  type Adapter,
  AnimateDiffPipeline,
  type Backend,
  type GenerateOptions,
  type Quantization,
} from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import type { ModelSource } from '../../src/core/source.ts';
import type { Frame } from '../../src/media/frame.ts';
import { captionOf, type Subject } from './captions.ts';
import { agreement, type Measured, measure, watermarkEnergy } from './measure.ts';
import { type Camera, clipLength, pictureSize } from './scenes.ts';
import { subjectAt } from './subjects.ts';
import { modelFiles, modelSource } from './trainer-options.ts';

/** What the model runs with. */
export interface ModelUse {
  readonly adapters?: readonly Adapter[] | undefined;
  /** Default: the model's own; `false` for none. */
  readonly motionModule?: ModelSource | false | undefined;
  readonly backend?: Backend | undefined;
  readonly quantization?: Quantization | undefined;
}

/** The model, for as long as it is used. */
export async function withModel<T>(
  {
    adapters = [],
    motionModule = modelSource(modelFiles.motion),
    backend = ortNode({ threads: 2 }),
    quantization,
  }: ModelUse,
  use: (pipeline: AnimateDiffPipeline) => Promise<T>,
): Promise<T> {
  try {
    await using pipeline = await AnimateDiffPipeline.load({
      backend,
      checkpoint: modelSource('model'),
      motionModule: motionModule || undefined,
      adapters,
      quantization,
    });
    return await use(pipeline);
  } finally {
    await backend.dispose();
  }
}

/** An animation, and what it was to show. */
export interface Animation {
  readonly subject: Subject;
  readonly frames: readonly Frame[];
  readonly measured: Measured;
}

/** Settings that suit the model. */
const settings = { width: pictureSize, height: pictureSize, numInferenceSteps: 25, guidanceScale: 3 };

async function animate(
  pipeline: AnimateDiffPipeline,
  subject: Subject,
  own: Partial<GenerateOptions>,
): Promise<Animation> {
  const prompt = captionOf(subject);
  const { frames } = await pipeline.generate({ ...settings, prompt, numFrames: clipLength, ...own });
  return { subject, frames, measured: measure(frames) };
}

/** As many frames as an animation has, each a picture of its own: all that the image model alone can make. */
async function picturesOf(
  pipeline: AnimateDiffPipeline,
  subject: Subject,
  { seed = 0, ...others }: Partial<GenerateOptions>,
): Promise<Animation> {
  const frames: Frame[] = [];
  for (let index = 0; index < clipLength; index++) {
    const own = { ...others, numFrames: 1, seed: seed * clipLength + index };
    const picture = await pipeline.generate({ ...settings, prompt: captionOf(subject), ...own });
    frames.push(...picture.frames);
  }
  return { subject, frames, measured: measure(frames) };
}

/**
 * Animations of as many seeds, each with its own caption out of all; single pictures in a row without a motion module.
 * @param fixed Of the captions.
 * @param others What else the pipeline is told.
 */
export async function animations(
  pipeline: AnimateDiffPipeline,
  seeds: number,
  fixed: Partial<Subject> = {},
  others: Partial<GenerateOptions> = {},
): Promise<Animation[]> {
  const made: Animation[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const subject = { ...subjectAt(seed), ...fixed };
    made.push(
      await (pipeline.info.motionModule ? animate : picturesOf)(pipeline, subject, { ...others, seed }),
    );
  }
  return made;
}

/** Shares of animations that show what their captions say. */
export interface CaptionShares {
  readonly background: number;
  readonly colour: number;
  readonly shape: number;
  readonly motion: number;
}

/** Which shares of animations show what they should. */
export function captionShares(made: readonly Animation[]): CaptionShares {
  const found = made.map(({ subject, measured }) => agreement(subject, measured));
  const share = (what: keyof CaptionShares): number =>
    found.filter((each) => each[what]).length / made.length;
  return {
    background: share('background'),
    colour: share('colour'),
    shape: share('shape'),
    motion: share('motion'),
  };
}

/** Mean watermark energy of animations. */
export function meanWatermark(made: readonly Animation[]): number {
  return meanOf(made, ({ frames }) => watermarkEnergy(frames));
}

/** The mean of something over animations. */
export function meanOf(made: readonly Animation[], pick: (animation: Animation) => number): number {
  return made.reduce((sum, animation) => sum + pick(animation), 0) / made.length;
}

/** What counts as a camera's movement having come about. */
const cameraSeen: Readonly<Record<Camera, (measured: Measured) => boolean>> = {
  'zoom-in': ({ growth }) => growth > 1.05,
  'zoom-out': ({ growth }) => growth < 0.95,
  'pan-left': ({ dx }) => dx > 3,
  roll: ({ turn }) => turn > 0.3,
};

/** Share of animations that move as all these cameras do. */
export function cameraShare(made: readonly Animation[], ...cameras: readonly Camera[]): number {
  const right = made.filter(({ measured }) => cameras.every((camera) => cameraSeen[camera](measured)));
  return right.length / made.length;
}

/** Animations of things that stand still, for a camera to move; of squares alone when it rolls, since nobody sees circles roll. */
export function cameraAnimations(
  pipeline: AnimateDiffPipeline,
  camera: Camera,
  seeds: number,
): Promise<Animation[]> {
  return animations(pipeline, seeds, {
    motion: 'standing still',
    ...(camera === 'roll' && { shape: 'square' as const }),
  });
}
