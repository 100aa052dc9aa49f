import { logTicks } from '../src/plots/axis-ticks.js';
import { lineStyle, markAt } from '../src/plots/plot-marks.js';
import { logAxis, type PlotLine, panel, panelSize } from '../src/plots/plot-panel.js';
import { element, escaped, svgDocument } from '../src/plots/svg.js';
import type { CaseResult } from './result.js';

const margin = { left: 76, top: 64, between: 70, bottom: 96 };
const width = margin.left + panelSize.width + 32;
const height = margin.top + 2 * panelSize.height + margin.between + margin.bottom;

/** How seconds and memory of one evaluation grow with latent pixels of all frames together, as an SVG. */
export function growthPlot(cases: readonly CaseResult[], peak: number): string {
  const sorted = [...cases].sort((a, b) => a.flops - b.flops);
  const at = sorted.map(({ flops }) => flops / 1e12);
  const x = logAxis(logTicks(at[0]!, at.at(-1)!), panelSize.width);
  const names = ['measured', 'limit: the peak', 'portable operators', 'diffusers'];
  const values = [
    sorted.map(({ secondsPerEvaluation }) => secondsPerEvaluation),
    sorted.map(({ flops }) => flops / peak),
    ...['unfused', 'diffusers'].map((name) =>
      sorted.map(
        ({ rivals }) => rivals.find((rival) => rival.name === name)?.secondsPerEvaluation ?? Number.NaN,
      ),
    ),
  ];
  const memory = [
    sorted.map(({ peakRssBytes }) => peakRssBytes / 1e9),
    [],
    ...['unfused', 'diffusers'].map((name) =>
      sorted.map(
        ({ rivals }) => (rivals.find((rival) => rival.name === name)?.peakRssBytes ?? Number.NaN) / 1e9,
      ),
    ),
  ];
  const chart = (top: number, label: string, rows: readonly (readonly number[])[]): string => {
    const all = rows.flat().filter(Number.isFinite);
    const y = logAxis(logTicks(Math.min(...all), Math.max(...all)), panelSize.height);
    const lines = rows.map((each, i): PlotLine => ({ style: lineStyle(i), values: each, at }));
    const xLabel = 'operations of one evaluation, TFLOP';
    return element(
      'g',
      { transform: `translate(${margin.left} ${top})` },
      panel({ x, y, label, xLabel, lines }),
    );
  };
  const title = 'One UNet evaluation: growth over frames and pixels';
  const words = sorted
    .map(({ name, secondsPerEvaluation: seconds }) => `${name}: ${seconds.toFixed(2)} seconds`)
    .join(', ');
  return svgDocument(
    { name: 'growth', width, height, title, description: words },
    element('text', { x: margin.left, y: 32, 'font-size': 18, 'font-weight': 600 }, escaped(title)),
    chart(margin.top, 'seconds', values),
    chart(margin.top + panelSize.height + margin.between, 'memory at the peak, GB', memory),
    ...names.map((name, i) => {
      const left = margin.left + i * 165;
      const y = height - 24;
      return element(
        'g',
        { 'aria-hidden': 'true' },
        markAt(lineStyle(i), left, y),
        element('text', { x: left + 10, y: y + 4.5 }, escaped(name)),
      );
    }),
  );
}
