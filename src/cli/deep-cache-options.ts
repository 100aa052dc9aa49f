import type { DeepCacheOptions } from '../index.js';
import type { CliOption, CliValues } from './options.js';

/** Options for taking deep features from the step before. */
export const deepCacheCliOptions: readonly CliOption[] = [
  {
    name: 'deep-cache',
    sets: 'deepCache.interval',
    kind: 'number',
    value: 'N',
    help: 'one step in N runs the whole network, the others its shallowest layers: 2 is 1.8 times as fast (off)',
  },
  {
    name: 'deep-cache-branch',
    sets: 'deepCache.branch',
    kind: 'number',
    value: 'N',
    help: 'layers that run besides on each side: slower and nearer to the plain run (0)',
  },
];

/** What was asked for; `undefined` without any of them. */
export function deepCacheOf(values: CliValues): DeepCacheOptions | undefined {
  const [interval, branch] = [values.number('deep-cache'), values.number('deep-cache-branch')];
  return interval === undefined && branch === undefined ? undefined : { interval, branch };
}
