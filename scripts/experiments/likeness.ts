import type { GenerateOptions } from 'animatediff-js';
import { median } from '../../bench/median.ts';
import type { Frame } from '../../src/media/frame.ts';
import {
  type Animation,
  animations,
  captionShares,
  type ModelUse,
  withModel,
} from '../embedded/evaluation.ts';
import type { Experiment, ExperimentOptions } from './experiment.ts';
import { type Film, films, percent, says, table } from './html.ts';

/** What makes animations cheaper, and other ones. */
const cheaper: readonly {
  readonly name: string;
  readonly use?: ModelUse;
  readonly settings?: Partial<GenerateOptions>;
}[] = [
  { name: 'deepCache: true', settings: { deepCache: true } },
  { name: 'deepCache: { interval: 2, branch: 1 }', settings: { deepCache: { interval: 2, branch: 1 } } },
  { name: 'deepCache: { interval: 3 }', settings: { deepCache: { interval: 3 } } },
  { name: 'deepCache: { interval: 3, start: 0.2 }', settings: { deepCache: { interval: 3, start: 0.2 } } },
  { name: 'deepCache: { interval: 5 }', settings: { deepCache: { interval: 5 } } },
  { name: 'guidanceInterval: [0, 0.8]', settings: { guidanceInterval: [0, 0.8] } },
  { name: 'guidanceInterval: [0, 0.6]', settings: { guidanceInterval: [0, 0.6] } },
  { name: 'guidanceInterval: [0.2, 0.8]', settings: { guidanceInterval: [0.2, 0.8] } },
  { name: "quantization: 'int8'", use: { quantization: 'int8' } },
  { name: "quantization: 'int4'", use: { quantization: 'int4' } },
  { name: "quantization: 'int8-dynamic'", use: { quantization: 'int8-dynamic' } },
];

/** More tell nothing more. */
const mostSeeds = 16;

/** How near animations that cost less come to those that they stand for, and whether they still show what they should. */
export async function likeness({ seeds }: ExperimentOptions): Promise<Experiment> {
  const count = Math.min(seeds, mostSeeds);
  const plain = await withModel({}, (pipeline) => animations(pipeline, count));
  const rows: { name: string; median: number; mean: number; least: number; shape: number; motion: number }[] =
    [];
  const shown: Film[] = [{ frames: plain[0]!.frames, caption: 'plain' }];
  for (const { name, use = {}, settings } of cheaper) {
    const made = await withModel(use, (pipeline) => animations(pipeline, count, {}, settings));
    const { shape, motion } = captionShares(made);
    rows.push({ name, ...spread(decibels(made, plain)), shape, motion });
    shown.push({ frames: made[0]!.frames, caption: name });
  }
  const { shape, motion } = captionShares(plain);
  return {
    title: 'Fewer evaluations, fewer bits',
    figures: { likeness: { seeds: count, plain: { shape, motion }, rows } },
    html: [
      says('Likeness to the plain animation of the same seed, in dB over all pixels.'),
      await films(shown),
      table([
        ['', 'median', 'mean', 'least', 'right shape', 'right motion'],
        ['plain', '', '', '', percent(shape), percent(motion)],
        ...rows.map((row) => [
          ...[row.name, row.median.toFixed(1), row.mean.toFixed(1), row.least.toFixed(1)],
          ...[percent(row.shape), percent(row.motion)],
        ]),
      ]),
    ].join(''),
  };
}

function decibels(made: readonly Animation[], plain: readonly Animation[]): number[] {
  return made.map(({ frames }, i) => signalToNoise(frames, plain[i]!.frames));
}

/** The peak signal to noise ratio in dB over all pixels of an animation. */
function signalToNoise(frames: readonly Frame[], plain: readonly Frame[]): number {
  let [sum, count] = [0, 0];
  for (const [i, { data }] of frames.entries()) {
    for (let at = 0; at < data.length; at++) {
      if (at % 4 === 3) continue;
      sum += (data[at]! - plain[i]!.data[at]!) ** 2;
      count += 1;
    }
  }
  return 10 * Math.log10(255 ** 2 / (sum / count));
}

function spread(values: readonly number[]): { median: number; mean: number; least: number } {
  return {
    median: median(values),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    least: Math.min(...values),
  };
}
