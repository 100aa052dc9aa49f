import type { WeightFile } from './memory-weights.js';

/** One network's weights, ready to be given to a runtime. */
export interface PreparedWeights {
  /** Folder in which the weights are files, named as the graph names them; `undefined` when they are in memory. */
  readonly folder: string | undefined;
  /** Weights in memory; empty when they are files. */
  readonly files: readonly WeightFile[];
  /** Gives up files and memory. Call when no session uses them any more. Idempotent. */
  release(): Promise<void>;
}

/** Weights in memory, as {@link PreparedWeights}. */
export function memoryWeights(files: readonly WeightFile[]): PreparedWeights {
  return { folder: undefined, files, release: async () => undefined };
}
