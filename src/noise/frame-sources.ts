import type { MersenneTwister } from '../core/mersenne-twister.js';
import { permutation } from './permutation.js';
import type { ResolvedStartNoise } from './start-noise-options.js';

/**
 * Which frame's own noise each frame shows, by kind.
 * @param options Kind, length, stride, and the order, on which the last block of `freeNoise` depends.
 * @param frames Frames of the animation.
 * @param engine Orders the shuffled blocks, one after another.
 */
export function frameSources(
  { kind, length, stride, order }: ResolvedStartNoise,
  frames: number,
  engine: MersenneTwister,
): number[] {
  const own = Array.from({ length: frames }, (_, frame) => frame);
  switch (kind) {
    case 'default':
      return own;
    case 'constant':
      return own.map(() => 0);
    case 'repeated':
      return own.map((frame) => frame % length);
    case 'shuffled':
      return shuffledBlocks(own, length, length, false, engine);
    case 'freeNoise':
      return shuffledBlocks(own, length, stride, order !== 'torch', engine);
  }
}

/**
 * Blocks of `step` frames after the first `length`, each a shuffle of the block that lies `length` back.
 * @param cutFirst What becomes of a block that does not fit: the part that fits is shuffled, as ComfyUI does, or the
 * whole block, of which the beginning is taken, as diffusers does.
 */
function shuffledBlocks(
  own: readonly number[],
  length: number,
  step: number,
  cutFirst: boolean,
  engine: MersenneTwister,
): number[] {
  const sources = [...own];
  for (let at = length; at < sources.length; at += step) {
    const fits = Math.min(step, sources.length - at);
    const order = permutation(cutFirst ? fits : step, engine);
    for (let i = 0; i < fits; i++) sources[at + i] = sources[at - length + order[i]!]!;
  }
  return sources;
}
