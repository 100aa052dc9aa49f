import { encodeGif, type Frame } from 'animatediff-js/media';
import { linearTicks } from '../../src/plots/axis-ticks.ts';
import { lineStyle, markAt } from '../../src/plots/plot-marks.ts';
import { linearAxis, panel, panelSize } from '../../src/plots/plot-panel.ts';
import { element, escaped, svgDocument } from '../../src/plots/svg.ts';
import type { Experiment } from './experiment.ts';

/** A share in whole percent. */
export function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

/** A paragraph. */
export function says(text: string): string {
  return element('p', {}, escaped(text));
}

/** A table of words and numbers; the first row heads it. */
export function table([head = [], ...rows]: readonly (readonly (string | number)[])[]): string {
  const cells = (name: string, row: readonly (string | number)[]): string =>
    element('tr', {}, ...row.map((cell) => element(name, {}, escaped(String(cell)))));
  return element(
    'table',
    {},
    element('thead', {}, cells('th', head)),
    element('tbody', {}, ...rows.map((row) => cells('td', row))),
  );
}

/** An animation, and what it is. */
export interface Film {
  readonly frames: readonly Frame[];
  readonly caption: string;
}

/** Animations beside each other. */
export async function films(list: readonly Film[]): Promise<string> {
  const figures = list.map(async ({ frames, caption }) => {
    const gif = Buffer.from(await encodeGif(frames, { fps: 8 })).toString('base64');
    const image = element('img', {
      src: `data:image/gif;base64,${gif}`,
      alt: caption,
      width: 128,
      height: 128,
    });
    return element('figure', {}, image, element('figcaption', {}, escaped(caption)));
  });
  return element('div', { class: 'films' }, ...(await Promise.all(figures)));
}

const margin = { left: 64, top: 40, right: 20, bottom: 84 };

/** What {@link plot} draws. */
export interface Plot {
  /** Begins the ids in it. */
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly label: string;
  readonly at: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** Lines over a common axis. */
export function plot({ name, title, xLabel, label, at, lines }: Plot): string {
  const all = lines.flatMap(({ values }) => values);
  const x = linearAxis(linearTicks(Math.min(...at), Math.max(...at), 6), panelSize.width);
  const y = linearAxis(linearTicks(Math.min(0, ...all), Math.max(...all), 6), panelSize.height);
  const height = margin.top + panelSize.height + margin.bottom;
  const description = lines
    .map((line) => `${line.name}: ${line.values.map((value) => value.toPrecision(3)).join(', ')}`)
    .join('; ');
  return svgDocument(
    { name, width: margin.left + panelSize.width + margin.right, height, title, description },
    element(
      'g',
      { transform: `translate(${margin.left} ${margin.top})` },
      panel({
        x,
        y,
        label,
        xLabel,
        lines: lines.map(({ values }, i) => ({ style: lineStyle(i), values, at })),
      }),
    ),
    ...lines.map((line, i) =>
      element(
        'g',
        { 'aria-hidden': 'true' },
        markAt(lineStyle(i), margin.left + 150 * i, height - 18),
        element('text', { x: margin.left + 150 * i + 10, y: height - 13 }, escaped(line.name)),
      ),
    ),
  );
}

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { border: 1px solid #d0d7de; padding: .3rem .7rem; text-align: left; }
.films { display: flex; flex-wrap: wrap; gap: .7rem; } figure { margin: 0; width: 128px; } figcaption { font-size: 12px; }
img { image-rendering: pixelated; display: block; } svg { max-width: 100%; height: auto; }`;

/** The whole report as one file. */
export function page(title: string, experiments: readonly Experiment[]): string {
  const sections = experiments.map(({ title: name, html }) =>
    element('section', {}, element('h2', {}, escaped(name)), html),
  );
  const head = element(
    'head',
    {},
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    element('title', {}, escaped(title)),
    `<style>${style}</style>`,
  );
  const body = element('body', {}, element('h1', {}, escaped(title)), ...sections);
  return `<!doctype html>\n${element('html', { lang: 'en' }, head, body)}\n`;
}
