import { AnimateDiffError } from '../core/errors.js';

/** Options of {@link lossCurve}. */
export interface LossCurveOptions {
  /** Share of a smoothed value that is kept from step to step, from 0 to below 1. Default 0.98. */
  readonly smoothing?: number | undefined;
}

const [width, height, left, top] = [640, 260, 64, 16];
/** More points than this are not to be told apart. */
const mostPoints = 1280;

/**
 * Losses by step as an SVG drawing: each one in grey, a running mean in blue, on a logarithmic axis.
 * @param losses One a step, positive.
 * @returns The text of an SVG file.
 * @throws `invalid-options` for no losses, or for ones that are not positive numbers.
 */
export function lossCurve(losses: readonly number[], { smoothing = 0.98 }: LossCurveOptions = {}): string {
  if (losses.length === 0 || !losses.every((loss) => Number.isFinite(loss) && loss > 0)) {
    throw new AnimateDiffError(
      'invalid-options',
      'lossCurve: expected at least one loss, all positive numbers',
    );
  }
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw new AnimateDiffError(
      'invalid-options',
      `lossCurve: smoothing: expected 0 to below 1, got ${smoothing}`,
    );
  }
  const [low, high] = losses.reduce(
    ([a, b], loss) => [Math.min(a!, loss), Math.max(b!, loss)],
    [Number.POSITIVE_INFINITY, 0],
  ) as [number, number];
  // A single value gets an axis around it.
  const [bottom, ceiling] =
    low === high ? [Math.log(low) - 1, Math.log(high) + 1] : [Math.log(low), Math.log(high)];
  const across = (step: number): number =>
    left + (losses.length === 1 ? 0.5 : step / (losses.length - 1)) * width;
  const up = (loss: number): number => top + ((ceiling - Math.log(loss)) / (ceiling - bottom)) * height;
  const line = (values: readonly number[], colour: string, stroke: number): string => {
    const every = Math.ceil(values.length / mostPoints);
    const points = values.flatMap((value, step) =>
      step % every === 0 || step === values.length - 1
        ? [`${across(step).toFixed(1)},${up(value).toFixed(1)}`]
        : [],
    );
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="${stroke}"/>`;
  };
  const ticks = Array.from({ length: 5 }, (_, i) => Math.exp(bottom + (i * (ceiling - bottom)) / 4));
  const rows = ticks.map((tick) => {
    const y = up(tick).toFixed(1);
    return (
      `<line x1="${left}" x2="${left + width}" y1="${y}" y2="${y}" stroke="#d8dee4"/>` +
      `<text x="${left - 8}" y="${y}" text-anchor="end" dominant-baseline="middle">${tick.toPrecision(2)}</text>`
    );
  });
  const below = top + height + 20;
  const ends = [
    `<text x="${left}" y="${below}">1</text>`,
    `<text x="${left + width}" y="${below}" text-anchor="end">${losses.length}</text>`,
    `<text x="${left + width / 2}" y="${below}" text-anchor="middle">step</text>`,
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 16} ${below + 12}" font-family="sans-serif" font-size="12">`,
    '<title>Loss by step</title>',
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...rows,
    ...ends,
    line(losses, '#afb8c1', 1),
    line(runningMean(losses, smoothing), '#0969da', 2),
    '</svg>',
  ].join('\n');
}

function runningMean(losses: readonly number[], kept: number): number[] {
  let mean = losses[0]!;
  return losses.map((loss) => {
    mean = kept * mean + (1 - kept) * loss;
    return mean;
  });
}
