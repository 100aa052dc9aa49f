import { AnimateDiffError } from '../core/errors.js';
import type { GenerateOptions, ResolvedGenerateOptions } from './generate-options.js';
import type { GenerationState } from './generation-state.js';

/** Options that are no plain data, or that a resumed run does not need: pictures have become latents. */
const notSaved = ['signal', 'scheduler', 'latents', 'video', 'image', 'seed'] as const;

/** A generation's options as plain data, sharing nothing with the caller's. */
export function savedOptions(options: ResolvedGenerateOptions): Pick<GenerationState, 'options' | 'tensors'> {
  const plain = Object.entries(options).filter(
    ([name, value]) => value !== undefined && !notSaved.includes(name as (typeof notSaved)[number]),
  );
  return { options: structuredClone(Object.fromEntries(plain)), tensors: {} };
}

/**
 * The options of a saved generation, to be checked anew. A strength stays although its pictures are gone.
 * @throws `weights-format` for a strength that is none.
 */
export function restoredOptions({ options }: GenerationState): {
  readonly options: GenerateOptions;
  readonly strength: number;
} {
  const { strength = 1, ...rest } = options;
  if (typeof strength !== 'number' || !(strength > 0 && strength <= 1)) {
    throw new AnimateDiffError(
      'weights-format',
      'the generation to resume cannot be read: options.strength is no number above 0 and up to 1',
    );
  }
  const known = Object.entries(rest).filter(
    ([name]) => !notSaved.includes(name as (typeof notSaved)[number]),
  );
  if (known.length !== Object.keys(rest).length) {
    throw new AnimateDiffError(
      'weights-format',
      `the generation to resume cannot be read: its options hold one of ${notSaved.join(', ')}, which are never saved`,
    );
  }
  return { options: Object.fromEntries(known) as unknown as GenerateOptions, strength };
}
