import { tickText } from './axis-ticks.js';
import { type LineStyle, markAt } from './plot-marks.js';
import { element, escaped } from './svg.js';

/** An axis: its marks, and where along it a value lies. */
export interface Axis {
  readonly ticks: readonly number[];
  /** Pixels from the axis' beginning. */
  place(value: number): number;
}

/** One line: its values, and where they are. */
export interface PlotLine {
  readonly style: LineStyle;
  readonly values: readonly number[];
  /** One for each value; default 1, 2, 3 and so on. */
  readonly at?: readonly number[] | undefined;
}

/** What {@link panel} draws. */
export interface PanelRequest {
  readonly x: Axis;
  readonly y: Axis;
  /** Stands above. */
  readonly label: string;
  /** Stands below; default for values over the model's evaluations. */
  readonly xLabel?: string | undefined;
  readonly lines: readonly PlotLine[];
}

/** Pixels of a panel's inside. */
export const panelSize = { width: 640, height: 260 } as const;

/** Marks on a line of many points would be a band. */
const mostMarks = 60;

/** An axis on which equal differences are equally long. */
export function linearAxis(ticks: readonly number[], length: number): Axis {
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  return { ticks, place: (value) => ((value - low) / (high - low)) * length };
}

/** An axis on which equal ratios are equally long. */
export function logAxis(ticks: readonly number[], length: number): Axis {
  const { place } = linearAxis(ticks.map(Math.log), length);
  return { ticks, place: (value) => place(Math.log(value)) };
}

/** A chart of lines, with axes and a grid. */
export function panel({ x, y, label, xLabel = 'evaluation of the model', lines }: PanelRequest): string {
  const { width, height } = panelSize;
  const up = (value: number): number => height - y.place(value);
  const rows = y.ticks.map((tick) =>
    [
      element('line', { x1: 0, x2: width, y1: up(tick), y2: up(tick), stroke: '#d8dee4' }),
      element('text', { x: -8, y: up(tick) + 4.5, 'text-anchor': 'end' }, tickText(tick)),
    ].join(''),
  );
  const columns = x.ticks.map((tick) =>
    [
      element('line', { x1: x.place(tick), x2: x.place(tick), y1: 0, y2: height, stroke: '#eef1f4' }),
      element('text', { x: x.place(tick), y: height + 19, 'text-anchor': 'middle' }, tickText(tick)),
    ].join(''),
  );
  return [
    ...columns,
    ...rows,
    element('rect', { width, height, fill: 'none', stroke: '#57606a' }),
    element('text', { x: 0, y: -9, 'font-weight': 600 }, escaped(label)),
    element('text', { x: width / 2, y: height + 40, 'text-anchor': 'middle' }, escaped(xLabel)),
    ...lines.map((line) => drawn(line, x, up)),
  ].join('');
}

function drawn({ style, values, at }: PlotLine, x: Axis, up: (value: number) => number): string {
  const points = values
    .map((value, i) => [x.place(at?.[i] ?? i + 1), up(value)] as const)
    .filter((point) => point.every(Number.isFinite));
  const between = Math.ceil(points.length / mostMarks);
  return element(
    'g',
    {},
    element('polyline', {
      points: points.map((point) => point.map((each) => each.toFixed(2)).join(',')).join(' '),
      fill: 'none',
      stroke: style.colour,
      'stroke-width': 1.6,
    }),
    ...points.filter((_, i) => i % between === 0).map(([left, top]) => markAt(style, left, top)),
  );
}
