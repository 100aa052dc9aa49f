import { type ContextOptions, describeWindows } from '../index.js';
import { issuesOf } from './option-issues.js';
import type { CliOption, CliValues } from './options.js';

/** Options for context windows. */
export const contextCliOptions: readonly CliOption[] = [
  { name: 'context-length', sets: 'length', kind: 'number', value: 'N', help: 'frames in a window (16)' },
  {
    name: 'context-overlap',
    sets: 'overlap',
    kind: 'number',
    value: 'N',
    help: 'frames that neighbouring windows share (a quarter)',
  },
  {
    name: 'context-stride',
    sets: 'stride',
    kind: 'number',
    value: 'N',
    help: 'levels of spacing: 2 adds windows of every second frame (1)',
  },
  {
    name: 'context-schedule',
    sets: 'schedule',
    kind: 'text',
    choices: ['looped', 'standard', 'static', 'batched'],
    help: 'how windows are laid (standard; looped with --loop)',
  },
  { name: 'loop', kind: 'flag', help: 'the last frame runs on into the first' },
  { name: 'closed-loop', kind: 'flag', help: 'looped windows start in the last frames too (with --loop)' },
  { name: 'use-on-equal-length', kind: 'flag', help: 'cut what one window holds exactly too (with --loop)' },
  {
    name: 'fuse',
    kind: 'text',
    choices: ['flat', 'pyramid', 'relative', 'overlap-linear', 'gaussian', 'delayed-reverse-sawtooth'],
    help: 'what counts how much where windows overlap (pyramid)',
  },
  {
    name: 'fuse-sigma',
    sets: 'sigma',
    kind: 'number',
    value: 'X',
    help: 'width of the gaussian, 0 to 4 (1)',
  },
];

/** The windows that were asked for; `undefined` when the number of frames decides. */
export function contextOf(values: CliValues): ContextOptions | undefined {
  const context: ContextOptions = {
    length: values.number('context-length'),
    overlap: values.number('context-overlap'),
    stride: values.number('context-stride'),
    schedule: values.text('context-schedule') as ContextOptions['schedule'],
    loop: values.flag('loop') || undefined,
    closedLoop: values.flag('closed-loop') || undefined,
    useOnEqualLength: values.flag('use-on-equal-length') || undefined,
    fuse: values.text('fuse') as ContextOptions['fuse'],
    sigma: values.number('fuse-sigma'),
  };
  return Object.values(context).some((value) => value !== undefined) ? context : undefined;
}

/** What is wrong with them whatever the motion module. How many frames it takes is the pipeline's to check. */
export function contextProblems(values: CliValues): string[] {
  const context = contextOf(values);
  if (context === undefined) return [];
  const frames = values.number('frames') ?? 16;
  // A wrong number of frames is told where it belongs.
  const numFrames = Number.isInteger(frames) && frames >= 1 && frames <= mostFrames ? frames : 16;
  const run = { numFrames, steps: 1, maxFrames: mostFrames };
  return issuesOf(() => describeWindows(context, run), contextCliOptions);
}

const mostFrames = 100_000;
