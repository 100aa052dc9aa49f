import { lora } from 'animatediff-js';
import { animations, captionShares, meanOf, withModel } from '../embedded/evaluation.ts';
import { modelFiles, modelSource } from '../embedded/trainer-options.ts';
import type { Experiment, ExperimentOptions } from './experiment.ts';
import { type Film, films, says, table } from './html.ts';
import { frameDifference, saturation } from './smoothness.ts';

/**
 * The paper's point: a personalised image model becomes an animation generator. A style LoRA that was trained on pictures
 * alone, without the motion module, where each frame is a picture of its own, and with it.
 */
export async function style({ seeds }: ExperimentOptions): Promise<Experiment> {
  const ways = [
    { name: 'style, no motion module', motionModule: false as const, styled: true },
    { name: 'style and motion module', motionModule: undefined, styled: true },
    { name: 'motion module alone', motionModule: undefined, styled: false },
  ];
  const rows: { name: string; difference: number; saturation: number; background: number; shape: number }[] =
    [];
  const shown: Film[] = [];
  for (const { name, motionModule, styled } of ways) {
    const adapters = styled ? [lora(modelSource(modelFiles.style))] : [];
    const made = await withModel({ adapters, motionModule }, (pipeline) => animations(pipeline, seeds));
    const { background, shape } = captionShares(made);
    rows.push({
      name,
      difference: meanOf(made, ({ frames }) => frameDifference(frames)),
      saturation: meanOf(made, ({ frames }) => saturation(frames)),
      ...{ background, shape },
    });
    shown.push(...made.slice(0, 4).map(({ frames }) => ({ frames, caption: name })));
  }
  return {
    title: 'A personalised style, without and with motion',
    figures: { style: rows },
    html: [
      says(
        'The style is pale colours: what it does is seen in the saturation, which stays low with the motion module.',
      ),
      await films(shown),
      table([
        ['', 'difference of neighbouring frames', 'saturation'],
        ...rows.map((row) => [row.name, row.difference.toFixed(1), row.saturation.toFixed(2)]),
      ]),
    ].join(''),
  };
}
