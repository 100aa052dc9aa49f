import { AnimateDiffError } from '../core/errors.js';
import type { OnLoadProgress } from '../core/progress.js';

/** Options of every call to a component. */
export interface ComponentOptions {
  /** Rejects with the signal's reason at once; a run under way ends in the background. */
  signal?: AbortSignal | undefined;
  /** Told of weights being loaded, when the network is not in memory. */
  onProgress?: OnLoadProgress | undefined;
}

/** Throws the error of an argument that does not fit. */
export function invalid(message: string): never {
  throw new AnimateDiffError('invalid-options', message);
}
