import { AnimateDiffError } from '../core/errors.js';
import { linearTicks, logTicks } from '../plots/axis-ticks.js';
import { linearAxis, logAxis, type PlotLine, panel, panelSize } from '../plots/plot-panel.js';
import { element, svgDocument } from '../plots/svg.js';

/** Options of {@link lossCurve}. */
export interface LossCurveOptions {
  /** Share of a smoothed value that is kept from step to step, from 0 to below 1. Default 0.98. */
  readonly smoothing?: number | undefined;
}

/** More points than this are not to be told apart. */
const mostPoints = 1280;

const margin = { left: 64, top: 40, right: 20, bottom: 56 };

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
  const extreme = (pick: (...values: number[]) => number): number =>
    losses.reduce((found, loss) => pick(found, loss), losses[0]!);
  const [low, high] = [extreme(Math.min), extreme(Math.max)];
  const x = linearAxis(
    linearTicks(1, Math.max(losses.length, 2), 8).filter(Number.isInteger),
    panelSize.width,
  );
  // A single value gets an axis around it.
  const ticks = logTicks(low === high ? low / 2 : low, low === high ? high * 2 : high);
  const y = logAxis(ticks, panelSize.height);
  const line = (values: readonly number[], colour: string): PlotLine => {
    const every = Math.ceil(values.length / mostPoints);
    const at = values.flatMap((_, step) =>
      step % every === 0 || step === values.length - 1 ? [step + 1] : [],
    );
    return { style: { colour, mark: 'none' }, values: at.map((step) => values[step - 1]!), at };
  };
  const mean = runningMean(losses, smoothing);
  const lines = [line(losses, '#afb8c1'), line(mean, '#0969da')];
  return svgDocument(
    {
      name: 'loss',
      width: margin.left + panelSize.width + margin.right,
      height: margin.top + panelSize.height + margin.bottom,
      title: 'Loss by step',
      description: `${losses.length} steps; the running mean goes from ${mean[0]!.toPrecision(3)} to ${mean.at(-1)!.toPrecision(3)}.`,
    },
    element(
      'g',
      { transform: `translate(${margin.left} ${margin.top})` },
      panel({ x, y, label: 'loss', xLabel: 'step', lines }),
    ),
  );
}

function runningMean(losses: readonly number[], kept: number): number[] {
  let mean = losses[0]!;
  return losses.map((loss) => {
    mean = kept * mean + (1 - kept) * loss;
    return mean;
  });
}
