import type { GenerateOptions, StartNoise } from '../index.js';
import type { CliOption, CliValues } from './options.js';

/** Options for start noise, repeated runs, guidance and movement. */
export const controlCliOptions: readonly CliOption[] = [
  {
    name: 'guidance-rescale',
    kind: 'number',
    value: 'X',
    help: '0 to 1: against burnt colours of strong guidance (0)',
  },
  {
    name: 'noise',
    kind: 'text',
    choices: ['default', 'constant', 'repeated', 'shuffled', 'freeNoise'],
    help: "how frames' start noise is related; the last three follow the context's length (default)",
  },
  {
    name: 'noise-order',
    kind: 'text',
    choices: ['torch', 'comfyui', 'a1111'],
    help: "whose noise a seed gives (torch, diffusers')",
  },
  {
    name: 'free-init',
    kind: 'number',
    value: 'N',
    help: 'runs of FreeInit for steadier frames, N times as long (off; 3 is usual)',
  },
  { name: 'motion-effect', kind: 'number', value: 'X', help: 'how much the motion module adds (1)' },
  { name: 'motion-scale', kind: 'number', value: 'X', help: 'how lively its attention moves (1)' },
  { name: 'motion-start', kind: 'number', value: 'X', help: 'share of the steps from which it acts (0)' },
  { name: 'motion-end', kind: 'number', value: 'X', help: 'share of the steps up to which it acts (1)' },
];

/** What was asked for of them. */
export function controlOptions(
  values: CliValues,
): Pick<
  GenerateOptions,
  'guidanceRescale' | 'noise' | 'freeInit' | 'motionEffect' | 'motionScale' | 'motionStart' | 'motionEnd'
> {
  const iterations = values.number('free-init');
  return {
    guidanceRescale: values.number('guidance-rescale'),
    noise: noiseOf(values),
    freeInit: iterations !== undefined && areRuns(iterations) ? { iterations } : undefined,
    motionEffect: values.number('motion-effect'),
    motionScale: values.number('motion-scale'),
    motionStart: values.number('motion-start'),
    motionEnd: values.number('motion-end'),
  };
}

/** What is wrong with the number of FreeInit's runs, which the library knows as one form of `freeInit` among others. */
export function freeInitProblems(values: CliValues): string[] {
  const iterations = values.number('free-init');
  return iterations === undefined || areRuns(iterations)
    ? []
    : ['--free-init: expected a whole number from 1 to 100'];
}

function areRuns(iterations: number): boolean {
  return Number.isInteger(iterations) && iterations >= 1 && iterations <= 100;
}

/** Noise that repeats does so with the windows: their length, and for FreeNoise the frames by which they move. */
function noiseOf(values: CliValues): StartNoise | undefined {
  const kind = values.text('noise') as StartNoise['kind'];
  const order = values.text('noise-order') as StartNoise['order'];
  if (kind === undefined && order === undefined) return undefined;
  if (kind === undefined || kind === 'default' || kind === 'constant') return { kind, order };
  // What is wrong with the windows' numbers is told as such.
  const length = Math.max(1, whole(values.number('context-length')) ?? 16);
  if (kind !== 'freeNoise') return { kind, order, length };
  const shared = values.text('context-schedule') === 'batched' ? 0 : Math.floor(length / 4);
  const overlap = whole(values.number('context-overlap')) ?? shared;
  return { kind, order, length, stride: Math.max(1, length - overlap) };
}

function whole(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
