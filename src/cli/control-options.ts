import type { GenerateOptions, StartNoise, ViewOptions } from '../index.js';
import { deepCacheCliOptions, deepCacheOf } from './deep-cache-options.js';
import { freeInitCliOptions, freeInitOf, freeInitProblems } from './free-init-options.js';
import { freeUCliOptions, freeUOf, freeUProblems } from './free-u-options.js';
import { type CliOption, type CliValues, grouped } from './options.js';
import { amount, interval, numberList, readText, schedule, textProblems } from './text-values.js';
import { vaeCliOptions, vaeProblems, vaeTilingOf } from './vae-options.js';

const guidance: readonly CliOption[] = [
  {
    name: 'guidance',
    sets: 'guidanceScale',
    kind: 'number',
    value: 'X',
    help: "strength of guidance (the module's preset)",
  },
  {
    name: 'guidance-schedule',
    kind: 'text',
    value: 'AT=FACTOR,…',
    help: 'its factor along the steps, such as 0=1,0.5=1.5,1=0.8 (1)',
  },
  {
    name: 'guidance-interval',
    kind: 'text',
    value: 'A,B',
    help: 'shares of the steps between which there is guidance; those outside cost half (0,1)',
  },
  {
    name: 'guidance-rescale',
    kind: 'number',
    value: 'X',
    help: '0 to 1: against burnt colours of strong guidance (0)',
  },
  {
    name: 'guidance-batching',
    kind: 'text',
    choices: ['auto', 'batched', 'sequential'],
    help: 'both halves of guidance at once or not (auto)',
  },
];

const noise: readonly CliOption[] = [
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
    name: 'frame-seeds',
    sets: 'noise.frameSeeds',
    kind: 'text',
    value: 'N,N,…',
    help: "a seed for each frame's start noise",
  },
  ...freeInitCliOptions,
];

const views: readonly CliOption[] = [
  {
    name: 'view-length',
    sets: 'viewWindows.length',
    kind: 'number',
    value: 'N',
    help: 'all frames at once, of which the motion module sees N at a time (off; 16 is usual)',
  },
  {
    name: 'view-stride',
    sets: 'viewWindows.stride',
    kind: 'number',
    value: 'N',
    help: 'frames from one such view to the next (4)',
  },
];

const motion: readonly CliOption[] = [
  {
    name: 'motion-effect',
    kind: 'text',
    value: 'X',
    help: 'how much the motion module adds: 1.2; 1,1.1,1.2 by frame; down=1.2,up=1 by block (1)',
  },
  {
    name: 'motion-scale',
    kind: 'text',
    value: 'X',
    help: 'how lively its attention moves, in the same forms (1)',
  },
  { name: 'motion-start', kind: 'number', value: 'X', help: 'share of the steps from which it acts (0)' },
  { name: 'motion-end', kind: 'number', value: 'X', help: 'share of the steps up to which it acts (1)' },
];

/** Options for guidance, start noise, repeated runs, views and movement. */
export const controlCliOptions: readonly CliOption[] = [
  ...grouped('guidance', guidance),
  ...grouped('start noise', noise),
  ...grouped('windows', views),
  ...grouped('movement', motion),
  ...grouped('FreeU', freeUCliOptions),
  ...grouped('size and steps', deepCacheCliOptions),
  ...grouped('size and steps', vaeCliOptions),
];

/** What was asked for of them. */
export function controlOptions(
  values: CliValues,
): Pick<
  GenerateOptions,
  | 'guidanceScale'
  | 'guidanceSchedule'
  | 'guidanceInterval'
  | 'guidanceRescale'
  | 'guidanceBatching'
  | 'noise'
  | 'freeInit'
  | 'freeU'
  | 'deepCache'
  | 'viewWindows'
  | 'vaeTiling'
  | 'motionEffect'
  | 'motionScale'
  | 'motionStart'
  | 'motionEnd'
> {
  return {
    guidanceScale: values.number('guidance'),
    guidanceSchedule: readText(values, 'guidance-schedule', schedule),
    guidanceInterval: readText(values, 'guidance-interval', interval),
    guidanceBatching: values.text('guidance-batching') as GenerateOptions['guidanceBatching'],
    guidanceRescale: values.number('guidance-rescale'),
    noise: noiseOf(values),
    freeInit: freeInitOf(values),
    freeU: freeUOf(values),
    deepCache: deepCacheOf(values),
    viewWindows: viewsOf(values),
    vaeTiling: vaeTilingOf(values),
    motionEffect: readText(values, 'motion-effect', amount),
    motionScale: readText(values, 'motion-scale', amount),
    motionStart: values.number('motion-start'),
    motionEnd: values.number('motion-end'),
  };
}

/** What is wrong with their form. */
export function controlProblems(values: CliValues): string[] {
  return [
    ...textProblems(values, ['guidance-schedule'], schedule),
    ...textProblems(values, ['guidance-interval'], interval),
    ...textProblems(values, ['frame-seeds'], numberList),
    ...textProblems(values, ['motion-effect', 'motion-scale'], amount),
    ...freeInitProblems(values),
    ...freeUProblems(values),
    ...vaeProblems(values),
  ];
}

function viewsOf(values: CliValues): ViewOptions | undefined {
  const [length, stride] = [values.number('view-length'), values.number('view-stride')];
  return length === undefined && stride === undefined ? undefined : { length, stride };
}

/**
 * Noise that repeats does so with the views or else the windows: their length, and for FreeNoise the frames by which
 * they move.
 */
function noiseOf(values: CliValues): StartNoise | undefined {
  const kind = values.text('noise') as StartNoise['kind'];
  const order = values.text('noise-order') as StartNoise['order'];
  const frameSeeds = readText(values, 'frame-seeds', numberList);
  if (kind === undefined && order === undefined && frameSeeds === undefined) return undefined;
  const drawn = { kind, order, frameSeeds };
  if (kind === undefined || kind === 'default' || kind === 'constant') return drawn;
  // What is wrong with the windows' numbers is told as such.
  const views = viewsOf(values);
  const length = Math.max(1, whole(views ? views.length : values.number('context-length')) ?? 16);
  if (kind !== 'freeNoise') return { ...drawn, length };
  if (views) {
    const stride = Math.min(Math.max(1, whole(views.stride) ?? 4), length);
    return { ...drawn, length, stride };
  }
  const shared = values.text('context-schedule') === 'batched' ? 0 : Math.floor(length / 4);
  const overlap = whole(values.number('context-overlap')) ?? shared;
  return { ...drawn, length, stride: Math.max(1, length - overlap) };
}

function whole(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
