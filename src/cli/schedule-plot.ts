import { linearTicks, logTicks } from '../plots/axis-ticks.js';
import { lineStyle, markAt } from '../plots/plot-marks.js';
import { type Axis, linearAxis, logAxis, type PlotLine, panel, panelSize } from '../plots/plot-panel.js';
import { element, escaped, svgDocument } from '../plots/svg.js';
import { printable } from './format.js';
import type { ScheduleValues } from './scheduler-facts.js';

const margin = { left: 76, top: 64, between: 70, bottom: 56, legend: 250 };
const width = margin.left + panelSize.width + margin.legend;
const height = margin.top + 2 * panelSize.height + margin.between + margin.bottom;

/**
 * The noise levels and timesteps of schedules as an SVG with two panels, one line a schedule. Has its own background,
 * so that it can be read on light and dark pages, and words for those who do not see it.
 */
export function schedulePlot(schedules: readonly ScheduleValues[], steps: number): string {
  const title = `Schedules of ${steps} ${steps === 1 ? 'step' : 'steps'}`;
  const longest = Math.max(...schedules.map(({ timesteps }) => timesteps.length));
  const x = linearAxis(linearTicks(1, Math.max(longest, 2), 8).filter(Number.isInteger), panelSize.width);
  const lines = (values: (each: ScheduleValues) => readonly number[]): PlotLine[] =>
    schedules.map((each, i) => ({ style: lineStyle(i), values: values(each) }));
  const chart = (top: number, label: string, y: Axis, drawn: PlotLine[]): string =>
    element('g', { transform: `translate(${margin.left} ${top})` }, panel({ x, y, label, lines: drawn }));
  const lower = margin.top + panelSize.height + margin.between;
  return svgDocument(
    { name: 'schedules', width, height, title, description: schedules.map(inWords).join(' ') },
    element('text', { x: margin.left, y: 32, 'font-size': 18, 'font-weight': 600 }, escaped(title)),
    chart(
      margin.top,
      'noise level σ',
      sigmaAxis(schedules),
      lines(({ sigmas }) => sigmas),
    ),
    chart(
      lower,
      'timestep',
      timestepAxis(schedules),
      lines(({ timesteps }) => timesteps),
    ),
    legend(schedules),
  );
}

function sigmaAxis(schedules: readonly ScheduleValues[]): Axis {
  // Pure noise has no finite σ, and no noise none on a logarithmic axis: such points are left out.
  const drawn = schedules.flatMap(({ sigmas }) => sigmas.filter((sigma) => sigma > 0 && sigma < Infinity));
  const ticks = drawn.length === 0 ? [0.1, 1] : logTicks(Math.min(...drawn), Math.max(...drawn));
  return logAxis(ticks, panelSize.height);
}

function timestepAxis(schedules: readonly ScheduleValues[]): Axis {
  const all = schedules.flatMap(({ timesteps }) => timesteps.filter(Number.isFinite));
  return linearAxis(linearTicks(Math.min(0, ...all), Math.max(1, ...all), 5), panelSize.height);
}

function legend(schedules: readonly ScheduleValues[]): string {
  const left = margin.left + panelSize.width + 24;
  const entries = schedules.map(({ name }, i) => {
    const style = lineStyle(i);
    const y = margin.top + 14 + i * 22;
    return [
      element('line', { x1: left, x2: left + 28, y1: y, y2: y, stroke: style.colour, 'stroke-width': 2 }),
      markAt(style, left + 14, y),
      element('text', { x: left + 38, y: y + 4.5 }, escaped(printable(name, 24))),
    ].join('');
  });
  return element('g', { 'aria-hidden': 'true' }, ...entries);
}

function inWords({ name, sigmas, timesteps }: ScheduleValues): string {
  const number = (value = Number.NaN): string => String(Number(value.toPrecision(4)));
  return (
    `${printable(name, 60)}: ${timesteps.length} evaluations, σ from ${number(sigmas[0])} to ${number(sigmas.at(-1))}, ` +
    `timesteps from ${number(timesteps[0])} to ${number(timesteps.at(-1))}.`
  );
}
