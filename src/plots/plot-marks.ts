import { element } from './svg.js';

/** What tells one line from another, by colour and by shape. */
export interface LineStyle {
  readonly colour: string;
  readonly mark: 'circle' | 'square' | 'triangle' | 'diamond' | 'cross' | 'none';
}

/** Okabe and Ito 2008, told apart by most people; their yellow is too pale on white, and grey takes its place. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#6e7781'] as const;
const marks = ['circle', 'square', 'triangle', 'diamond', 'cross'] as const;

/** The style of line `i`; 35 differ. */
export function lineStyle(i: number): LineStyle {
  return { colour: colours[i % colours.length]!, mark: marks[i % marks.length]! };
}

/** A line's mark around a point. */
export function markAt({ colour, mark }: LineStyle, x: number, y: number): string {
  const path = (d: string): string => element('path', { d: `M${text(x)} ${text(y)}${d}`, fill: colour });
  switch (mark) {
    case 'circle':
      return element('circle', { cx: x, cy: y, r: 3.2, fill: colour });
    case 'square':
      return path('m-3 -3h6v6h-6z');
    case 'triangle':
      return path('m0 -4l4 7h-8z');
    case 'diamond':
      return path('m0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4z');
    case 'cross':
      return path('m-1 -4h2v3h3v2h-3v3h-2v-3h-3v-2h3z');
    case 'none':
      return '';
  }
}

function text(value: number): string {
  return String(Number(value.toFixed(2)));
}
