import { AnimateDiffError } from '../core/errors.js';
import type { WeightSource } from './weight-source.js';

/** Reads a network's sizes off its tensors' shapes. */
export interface WeightShapes {
  /** How many different numbers follow `prefix` in the names: `count('down_blocks.')` is the number of levels. */
  count(prefix: string): number;
  /**
   * Size `axis` of a weight.
   * @throws `weights-mismatch` when there is no such weight.
   */
  size(name: string, axis: number): number;
  has(name: string): boolean;
}

/** @param part What the network is called in errors. */
export function weightShapes(weights: WeightSource, part: string): WeightShapes {
  const names = [...weights.names];
  return {
    count(prefix) {
      const found = names.filter((name) => name.startsWith(prefix));
      return new Set(found.map((name) => name.slice(prefix.length).split('.', 1)[0])).size;
    },
    size(name, axis) {
      const size = weights.shape(name)?.[axis];
      if (size !== undefined) return size;
      throw new AnimateDiffError('weights-mismatch', `${weights.label}: the ${part} lacks '${name}'`, {
        details: { part, missing: [name] },
      });
    },
    has: (name) => weights.shape(name) !== undefined,
  };
}
