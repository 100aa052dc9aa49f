import { describeWindows, type WindowPlan } from '../index.js';
import type { Command } from './command.js';
import { jsonText, printable, tableText } from './format.js';
import { issuesOf } from './option-issues.js';
import type { CliOption, CliValues } from './options.js';
import { contextCliOptions, contextOf } from './window-options.js';
import { mostDrawnSteps, windowPlot } from './window-plot.js';
import { coverageText, planText, windowText } from './window-text.js';
import { prepareFile, writeWhole } from './write-file.js';

const options: readonly CliOption[] = [
  {
    name: 'frames',
    sets: 'numFrames',
    kind: 'number',
    value: 'N',
    required: true,
    help: 'frames of the animation',
  },
  { name: 'steps', kind: 'number', value: 'N', help: 'denoising steps (25)' },
  {
    name: 'max-frames',
    kind: 'number',
    value: 'N',
    help: 'what the motion module takes: v1 24, v2 and v3 32 (32)',
  },
  ...contextCliOptions,
  { name: 'output', short: 'o', kind: 'text', value: 'PATH.svg', help: 'draws the first steps there' },
  { name: 'json', kind: 'flag', help: 'as JSON, all steps' },
];

/** More columns than this nobody can tell apart. */
const mostDrawnFrames = 2000;

/** Tells how a generation is cut into context windows, without running anything. */
export const windowsCommand: Command = {
  name: 'windows',
  usage: '--frames 64 --context-length 16 -o windows.svg',
  summary: 'tell how a long animation is cut into context windows',
  options,
  check(values) {
    const path = values.text('output');
    const frames = values.number('frames');
    const tooWide = path !== undefined && frames !== undefined && frames > mostDrawnFrames;
    return [
      ...(frames === undefined ? [] : issuesOf(() => planOf(values, frames, 1), options)),
      ...stepsProblems(values),
      ...(path === undefined || /\.svg$/i.test(path) ? [] : [`--output: '${path}' does not end in .svg`]),
      ...(tooWide
        ? [`--output: at most ${mostDrawnFrames} frames are drawn; leave it out, or use --json`]
        : []),
    ];
  },
  async run(values, { out }) {
    const plan = planOf(values, values.number('frames') ?? 1, values.number('steps') ?? 25);
    const path = values.text('output');
    if (path !== undefined) {
      await prepareFile(path);
      await writeWhole(path, new TextEncoder().encode(`${windowPlot(plan)}\n`));
    }
    if (values.flag('json')) {
      out(jsonText(plan));
      return;
    }
    out(`${planText(plan)}\n`);
    out(stepsTable(plan));
    if (path !== undefined) out(`\n${printable(path, 4000)}`);
  },
};

function planOf(values: CliValues, numFrames: number, steps: number): WindowPlan {
  const maxFrames = values.number('max-frames');
  return describeWindows(contextOf(values), { numFrames, steps, maxFrames });
}

function stepsProblems(values: CliValues): string[] {
  const steps = values.number('steps');
  const sound = steps === undefined || (Number.isInteger(steps) && steps >= 1 && steps <= 1000);
  return sound ? [] : ['--steps: expected a whole number from 1 to 1000'];
}

function stepsTable({ steps }: WindowPlan): string {
  const rows = steps
    .slice(0, mostDrawnSteps)
    .map((each) => [
      String(each.step + 1),
      String(each.evaluations),
      coverageText(each),
      printable(each.windows.slice(0, 100).map(windowText).join(' '), 400),
    ]);
  const left = steps.length - rows.length;
  const table = tableText([['step', 'evaluations', 'windows a frame', 'frames of each window'], ...rows]);
  return left === 0 ? table : `${table}\n… and ${left} more; --json tells all`;
}
