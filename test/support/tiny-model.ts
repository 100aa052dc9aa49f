import { join, resolve } from 'node:path';
import { AnimateDiffPipeline, type LoadOptions } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';

const fixtures = resolve(import.meta.dirname, '../fixtures');

/** Path of a file below `test/fixtures`. */
export function fixture(...path: string[]): string {
  return join(fixtures, ...path);
}

/** A complete model of Stable Diffusion 1.5's structure and tiny widths, with motion module v2. */
export function tinyModel(): Pick<LoadOptions, 'checkpoint' | 'motionModule'> {
  return {
    checkpoint: fileSource(fixture('tiny-sd15/model')),
    motionModule: fileSource(fixture('tiny-sd15/motion/v2.ckpt')),
  };
}

/** Loads the tiny model on the CPU. */
export function loadTiny(options: Partial<LoadOptions> = {}): Promise<AnimateDiffPipeline> {
  return AnimateDiffPipeline.load({ backend: ortNode(), ...tinyModel(), ...options });
}

/** The smallest useful generation with the tiny model. */
export const tinyGeneration = {
  prompt: 'a red circle on a black background',
  numFrames: 2,
  width: 64,
  height: 64,
  numInferenceSteps: 2,
  seed: 7,
};
