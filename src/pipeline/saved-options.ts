import type { Float32Tensor } from '../core/tensor.js';
import type { GenerateOptions, ResolvedGenerateOptions } from './generate-options.js';
import type { GenerationState } from './generation-state.js';

/** Options that are no plain data, or that a resumed run does not need: pictures have become latents. */
const notSaved = ['signal', 'scheduler', 'latents', 'video', 'seed'] as const;

/** A generation's options as plain data. */
export function savedOptions(options: ResolvedGenerateOptions): Pick<GenerationState, 'options' | 'tensors'> {
  const plain: Record<string, unknown> = { ...options };
  for (const name of notSaved) delete plain[name];
  const defined = Object.entries(plain).filter(([, value]) => value !== undefined);
  const tensors: Record<string, Float32Tensor> = {};
  return { options: Object.fromEntries(defined), tensors };
}

/** The options of a saved generation, to be checked anew. A strength stays although its pictures are gone. */
export function restoredOptions({ options }: GenerationState): {
  readonly options: GenerateOptions;
  readonly strength: number;
} {
  const { strength, ...rest } = options;
  return {
    options: rest as unknown as GenerateOptions,
    strength: typeof strength === 'number' ? strength : 1,
  };
}
