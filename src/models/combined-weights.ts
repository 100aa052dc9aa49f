import { AnimateDiffError } from '../core/errors.js';
import type { WeightSource } from './weight-source.js';

/** Several sources as one; the first that has a name serves it. */
export function combinedWeights(sources: readonly WeightSource[]): WeightSource {
  const owner = (name: string): WeightSource | undefined =>
    sources.find((source) => source.shape(name) !== undefined);
  const label = sources.map((source) => source.label).join(' + ');
  return {
    label,
    names: new Set(sources.flatMap((source) => [...source.names])),
    shape: (name) => owner(name)?.shape(name),
    async read(name, options) {
      const source = owner(name);
      if (source === undefined)
        throw new AnimateDiffError('weights-mismatch', `${label}: there is no weight '${name}'`);
      return source.read(name, options);
    },
    readFloat16: async (name, options) => owner(name)?.readFloat16?.(name, options),
    async identity(options) {
      const identities = await Promise.all(sources.map((source) => source.identity(options)));
      return identities.includes(undefined) ? undefined : identities.join('|');
    },
  };
}
