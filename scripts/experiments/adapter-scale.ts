import { domainAdapter } from 'animatediff-js';
import { captionOf } from '../embedded/captions.ts';
import {
  type Animation,
  animations,
  type CaptionShares,
  captionShares,
  meanWatermark,
  withModel,
} from '../embedded/evaluation.ts';
import { modelFiles, modelSource } from '../embedded/trainer-options.ts';
import type { Experiment, ExperimentOptions } from './experiment.ts';
import { type Film, films, percent, plot, says, table } from './html.ts';

const scales = [1, 0.75, 0.5, 0.25, 0] as const;

interface AtScale {
  readonly scale: number;
  readonly captions: CaptionShares;
  readonly watermark: number;
}

/**
 * Guo et al. 2023, section 5.3: as the domain adapter's scale alpha is lowered, what it has absorbed of the clips' look
 * leaves the animations. At 0 the model is as it is shipped, so this measures that too.
 */
export async function adapterScale({ seeds }: ExperimentOptions): Promise<Experiment> {
  const measured: AtScale[] = [];
  const shown: Film[] = [];
  let shipped: readonly Animation[] = [];
  await withModel({ adapters: [domainAdapter(modelSource(modelFiles.adapter))] }, async (pipeline) => {
    const { name } = pipeline.adapters.list()[0]!;
    for (const scale of scales) {
      await pipeline.adapters.setScale(name, scale);
      const made = await animations(pipeline, seeds);
      measured.push({ scale, captions: captionShares(made), watermark: meanWatermark(made) });
      shown.push({ frames: made[0]!.frames, caption: `alpha ${scale}` });
      shipped = made;
    }
  });
  const [whole, none] = [measured[0]!, measured.at(-1)!];
  const lowered = 1 - none.watermark / whole.watermark;
  const at = measured.map(({ scale }) => scale);
  const line = (name: string, pick: (each: AtScale) => number) => ({ name, values: measured.map(pick) });
  const html = [
    says(
      `The clips that motion was learned from are blurred and carry a watermark. With the adapter at scale 0 its energy is ${percent(lowered)} lower than at 1.`,
    ),
    await films(shown),
    plot({
      name: 'watermark',
      title: 'Watermark energy by alpha',
      xLabel: 'alpha',
      label: 'watermark energy',
      at,
      lines: [line('watermark', ({ watermark }) => watermark)],
    }),
    plot({
      name: 'captions',
      title: 'Right captions by alpha',
      xLabel: 'alpha',
      label: 'share that is right',
      at,
      lines: (['background', 'colour', 'shape', 'motion'] as const).map((what) =>
        line(what, ({ captions }) => captions[what]),
      ),
    }),
    table([
      ['alpha', 'background', 'colour', 'shape', 'motion', 'watermark'],
      ...measured.map(({ scale, captions, watermark }) => [
        ...[scale, percent(captions.background), percent(captions.colour), percent(captions.shape)],
        ...[percent(captions.motion), watermark.toFixed(0)],
      ]),
    ]),
    says('The model as it is shipped (alpha 0):'),
    await films(shipped.slice(0, 14).map(({ frames, subject }) => ({ frames, caption: captionOf(subject) }))),
  ].join('');
  return {
    title: 'The domain adapter’s scale',
    figures: { captions: none.captions, domainAdapter: { scales: measured, watermarkLowered: lowered } },
    html,
  };
}
