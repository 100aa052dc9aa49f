import type { Command, CommandContext } from './command.js';
import { printable, tableText } from './format.js';
import { issuesOf } from './option-issues.js';
import type { CliOption, CliValues } from './options.js';
import { schedulePlot } from './schedule-plot.js';
import { schedulerFacts, scheduleValues } from './scheduler-facts.js';
import { namedSchedulers, scheduleNames, schedulerNameProblems } from './scheduler-names.js';
import { prepareFile, writeWhole } from './write-file.js';

const options: readonly CliOption[] = [
  {
    name: 'output',
    short: 'o',
    kind: 'text',
    value: 'PATH.svg',
    help: 'plot: where to write (schedulers.svg)',
  },
  { name: 'steps', kind: 'number', value: 'N', help: 'plot: denoising steps (25)' },
  { name: 'json', kind: 'flag', help: 'as JSON; of plot, the numbers' },
];

/** More lines than this nobody can tell apart. */
const mostPlotted = 16;

/** Lists the samplers, or draws their noise levels. */
export const schedulersCommand: Command = {
  name: 'schedulers',
  usage: 'list | plot NAME … -o plot.svg',
  summary: 'list the samplers, or draw their noise levels and timesteps',
  options,
  takesArguments: true,
  check(values) {
    const [action, ...names] = values.rest;
    if (action === 'list') return names.length === 0 ? [] : [`unexpected argument '${names[0]}'`];
    if (action !== 'plot') return ["schedulers: expected 'list', or 'plot' and names"];
    return plotProblems(values, names);
  },
  async run(values, context) {
    const [action, ...names] = values.rest;
    if (action === 'plot') await plot(values, names, context);
    else list(values, context);
  },
};

function list(values: CliValues, { out }: CommandContext): void {
  const all = namedSchedulers.map(schedulerFacts);
  if (values.flag('json')) {
    out(JSON.stringify({ schedulers: all, schedules: scheduleNames }));
    return;
  }
  const rows = all.map(({ name, others, deterministic, evaluationsPerStep, evaluationsOf25Steps }) => [
    name,
    deterministic ? 'deterministic' : 'draws noise',
    `${evaluationsPerStep} (${evaluationsOf25Steps})`,
    others.join(', '),
  ]);
  out(tableText([['name', 'noise', 'evaluations a step (25 steps)', 'other names'], ...rows]));
  out(`\nA name may be followed by one of ${scheduleNames.join(', ')}: dpmpp_2m_karras, "DPM++ 2M Karras".`);
  for (const note of all.flatMap(({ notes }) => notes)) out(`- ${note}`);
}

async function plot(values: CliValues, names: readonly string[], { out }: CommandContext): Promise<void> {
  const schedules = wanted(names).map((name) => scheduleValues(name, stepsOf(values)));
  const json = values.flag('json');
  const path = values.text('output') ?? (json ? undefined : 'schedulers.svg');
  if (path !== undefined) {
    await prepareFile(path);
    await writeWhole(path, new TextEncoder().encode(`${schedulePlot(schedules, stepsOf(values))}\n`));
  }
  if (json) out(JSON.stringify(schedules));
  else out(printable(path ?? '', 4000));
}

function plotProblems(values: CliValues, names: readonly string[]): string[] {
  const path = values.text('output');
  const unknown = names.flatMap(schedulerNameProblems);
  const count = wanted(names).length;
  return [
    ...(count === 0 ? ['schedulers plot needs the name of a sampler'] : []),
    ...(count > mostPlotted ? [`schedulers plot draws at most ${mostPlotted} samplers, not ${count}`] : []),
    ...unknown,
    ...(path === undefined || /\.svg$/i.test(path) ? [] : [`--output: '${path}' does not end in .svg`]),
    ...(unknown.length > 0
      ? []
      : wanted(names).flatMap((name) => issuesOf(() => scheduleValues(name, stepsOf(values)), options))),
  ];
}

function wanted(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

function stepsOf(values: CliValues): number {
  return values.number('steps') ?? 25;
}
