import type { FreeInitOptions } from '../index.js';
import { resolveFreeInit } from '../noise/free-init-options.js';
import { issuesOf } from './option-issues.js';
import type { CliOption, CliValues } from './options.js';

/** Options for FreeInit. */
export const freeInitCliOptions: readonly CliOption[] = [
  {
    name: 'free-init',
    sets: 'iterations',
    kind: 'number',
    value: 'N',
    help: 'runs of FreeInit for steadier frames, N times as long (off; 3 is usual)',
  },
  {
    name: 'free-init-filter',
    sets: 'filter',
    kind: 'text',
    choices: ['butterworth', 'gaussian', 'ideal', 'box'],
    help: 'its low-pass filter (butterworth)',
  },
  { name: 'free-init-order', sets: 'order', kind: 'number', value: 'X', help: "butterworth's steepness (4)" },
  {
    name: 'free-init-spatial',
    sets: 'spatialStopFrequency',
    kind: 'number',
    value: 'X',
    help: 'share of the spatial frequencies that is kept, 0 to 1 (0.25)',
  },
  {
    name: 'free-init-temporal',
    sets: 'temporalStopFrequency',
    kind: 'number',
    value: 'X',
    help: 'share of the temporal frequencies that is kept, 0 to 1 (0.25)',
  },
  { name: 'free-init-fast', sets: 'useFastSampling', kind: 'flag', help: 'earlier runs take fewer steps' },
];

/** What was asked for; `undefined` without `--free-init`, or when something is wrong with it. */
export function freeInitOf(values: CliValues): FreeInitOptions | undefined {
  const given = givenOf(values);
  if (given.iterations === undefined) return undefined;
  return issuesOf(() => resolveFreeInit(given), []).length === 0 ? given : undefined;
}

/** What is wrong with them: the library knows them as one form of `freeInit` among others. */
export function freeInitProblems(values: CliValues): string[] {
  const given = givenOf(values);
  const alone = freeInitCliOptions.filter(
    ({ name }) => name !== 'free-init' && (values.texts(name).length > 0 || values.flag(name)),
  );
  return [
    ...(values.texts('free-init').length > 0 ? [] : alone.map(({ name }) => `--${name}: needs --free-init`)),
    ...(given.iterations === undefined || areRuns(given.iterations)
      ? []
      : ['--free-init: expected a whole number from 1 to 100']),
    ...issuesOf(() => resolveFreeInit({ ...given, iterations: undefined }), freeInitCliOptions),
  ];
}

function areRuns(iterations: number): boolean {
  return Number.isInteger(iterations) && iterations >= 1 && iterations <= 100;
}

function givenOf(values: CliValues): FreeInitOptions {
  return {
    iterations: values.number('free-init'),
    filter: values.text('free-init-filter') as FreeInitOptions['filter'],
    order: values.number('free-init-order'),
    spatialStopFrequency: values.number('free-init-spatial'),
    temporalStopFrequency: values.number('free-init-temporal'),
    useFastSampling: values.flag('free-init-fast') || undefined,
  };
}
