import type { StepWindows, WindowPlan } from '../index.js';
import { linearTicks } from '../plots/axis-ticks.js';
import { lineStyle } from '../plots/plot-marks.js';
import { element, escaped, svgDocument } from '../plots/svg.js';
import { coverageText, frameRuns, planText, windowText } from './window-text.js';

/** More steps than this are not drawn. */
export const mostDrawnSteps = 8;

const margin = { left: 90, right: 30, top: 64, bottom: 48 };
const inside = 800;
const row = 13;
const between = 14;
/** Windows of one step that a description lists. */
const mostInWords = 12;

/**
 * The windows of the first steps as an SVG: a row each, frames from left to right. Has its own background, so that it can
 * be read on light and dark pages, and words for those who do not see it.
 */
export function windowPlot(plan: WindowPlan): string {
  const steps = plan.steps.slice(0, mostDrawnSteps);
  const x = (frame: number): number => (frame / plan.numFrames) * inside;
  const heights = steps.map(({ windows }) => windows.length * row + between);
  const bottom = margin.top + heights.reduce((sum, height) => sum + height, 0);
  const [width, height] = [margin.left + inside + margin.right, bottom + margin.bottom];
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((sum, each) => sum + each, margin.top));
  const title = planText(plan);
  return svgDocument(
    { name: 'windows', width, height, title, description: steps.map(inWords).join(' ') },
    // What and at which cost, a line each: together they would be wider than the drawing.
    ...title
      .split(': ')
      .map((line, i) =>
        element(
          'text',
          { x: margin.left, y: 26 + 20 * i, 'font-weight': i === 0 ? 600 : 400 },
          escaped(line),
        ),
      ),
    ...steps.map((step, i) => stepGroup(step, tops[i]!, x)),
    axis(plan.numFrames, bottom, x),
  );
}

function stepGroup({ step, windows }: StepWindows, top: number, x: (frame: number) => number): string {
  const rows = windows.flatMap((window, i) => [
    element('rect', { x: 0, y: i * row, width: inside, height: row - 2, fill: '#eef1f4' }),
    ...frameRuns(window).flatMap(({ first, last, spacing }) =>
      spacing === 1 ? [bar(first, last, i, x)] : spaced(first, last, spacing).map((at) => bar(at, at, i, x)),
    ),
  ]);
  return element(
    'g',
    { transform: `translate(${margin.left} ${top})` },
    element('text', { x: -10, y: 11, 'text-anchor': 'end' }, escaped(`step ${step + 1}`)),
    ...rows,
  );
}

function bar(first: number, last: number, index: number, x: (frame: number) => number): string {
  const width = x(last + 1) - x(first);
  return element('rect', {
    x: x(first),
    y: index * row,
    width: Math.max(width - Math.min(1, width / 4), 0.3),
    height: row - 2,
    fill: lineStyle(index).colour,
  });
}

function spaced(first: number, last: number, spacing: number): number[] {
  return Array.from({ length: (last - first) / spacing + 1 }, (_, i) => first + i * spacing);
}

function axis(numFrames: number, top: number, x: (frame: number) => number): string {
  const ticks = linearTicks(0, numFrames, 10).filter((tick) => Number.isInteger(tick) && tick < numFrames);
  return element(
    'g',
    { transform: `translate(${margin.left} ${top})` },
    ...ticks.map((tick) =>
      element('text', { x: x(tick + 0.5), y: 8, 'text-anchor': 'middle' }, String(tick)),
    ),
    element('text', { x: inside / 2, y: 30, 'text-anchor': 'middle' }, 'frame'),
  );
}

function inWords(step: StepWindows): string {
  const listed = step.windows.slice(0, mostInWords).map(windowText).join(', ');
  const more = step.windows.length > mostInWords ? `, and ${step.windows.length - mostInWords} more` : '';
  return `Step ${step.step + 1}: frames ${listed}${more}; each frame in ${coverageText(step)} windows.`;
}
