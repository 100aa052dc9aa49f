import { bytesSource, motionLora } from 'animatediff-js';
import { type Animation, cameraAnimations, cameraShare, meanOf, withModel } from '../embedded/evaluation.ts';
import { cameraSteps, trainCamera } from '../embedded/motion-stages.ts';
import { type Camera, cameras } from '../embedded/scenes.ts';
import { madeOnce } from '../embedded/stage-files.ts';
import { modelSource } from '../embedded/trainer-options.ts';
import type { Experiment, ExperimentOptions } from './experiment.ts';
import { type Film, films, percent, plot, says, table } from './html.ts';

const clipCounts = [5, 20, 50] as const;

const growth = (made: readonly Animation[]): number => meanOf(made, ({ measured }) => measured.growth);
const shift = (made: readonly Animation[]): number => meanOf(made, ({ measured }) => measured.dx);

function shippedLora(camera: Camera): ReturnType<typeof motionLora> {
  return motionLora(modelSource(`adapters/motion-lora-${camera}.safetensors`));
}

/** Guo et al. 2023, section 4.3: does a MotionLoRA move what otherwise stands still as its camera does? */
export async function motionLoras({ seeds }: ExperimentOptions): Promise<Experiment> {
  const rows: { camera: Camera; share: number; growth: number; dx: number }[] = [];
  const shown: Film[] = [];
  for (const camera of cameras) {
    const made = await withModel({ adapters: [shippedLora(camera)] }, (pipeline) =>
      cameraAnimations(pipeline, camera, seeds),
    );
    rows.push({ camera, share: cameraShare(made, camera), growth: growth(made), dx: shift(made) });
    shown.push(...made.slice(0, 3).map(({ frames }) => ({ frames, caption: camera })));
  }
  return {
    title: 'MotionLoRAs',
    figures: { motionLoras: rows },
    html: [
      says('Things that stand still, moved by a MotionLoRA that was trained from 40 clips of a camera.'),
      await films(shown),
      table([
        ['camera', 'moves as it does', 'growth of diameter', 'pixels to the right'],
        ...rows.map((row) => [row.camera, percent(row.share), row.growth.toFixed(2), row.dx.toFixed(1)]),
      ]),
    ].join(''),
  };
}

/** The paper's figure 9: how many clips a MotionLoRA needs. */
export async function clipsOfMotionLora({ seeds }: ExperimentOptions): Promise<Experiment> {
  const rows: { clips: number; share: number; growth: number }[] = [];
  const shown: Film[] = [];
  for (const clips of clipCounts) {
    const name = `zoom-in-${clips}`;
    const file = await madeOnce(`${name}.safetensors`, () => trainCamera(name, 'zoom-in', clips));
    const made = await withModel({ adapters: [motionLora(bytesSource(file))] }, (pipeline) =>
      cameraAnimations(pipeline, 'zoom-in', seeds),
    );
    rows.push({ clips, share: cameraShare(made, 'zoom-in'), growth: growth(made) });
    shown.push(...made.slice(0, 2).map(({ frames }) => ({ frames, caption: `${clips} clips` })));
  }
  const at = rows.map(({ clips }) => clips);
  return {
    title: 'MotionLoRA by number of clips',
    figures: { clipsOfMotionLora: rows },
    html: [
      says(`Zooming in, learned in ${cameraSteps} steps from 5, 20 and 50 clips.`),
      await films(shown),
      plot({
        ...{ name: 'clips', title: 'Zoom by number of clips', xLabel: 'clips', label: 'share, factor', at },
        lines: [
          { name: 'share that grows', values: rows.map(({ share }) => share) },
          { name: 'growth of diameter', values: rows.map((row) => row.growth) },
        ],
      }),
    ].join(''),
  };
}

/** Guo et al. 2023, section 4.3: MotionLoRAs combine. */
export async function combinedMotionLoras({ seeds }: ExperimentOptions): Promise<Experiment> {
  const pair = ['zoom-in', 'pan-left'] as const;
  const rows: { adapters: string; share: number; growth: number; dx: number }[] = [];
  const shown: Film[] = [];
  for (const used of [[pair[0]], [pair[1]], pair] as const) {
    const made = await withModel({ adapters: used.map(shippedLora) }, (pipeline) =>
      cameraAnimations(pipeline, 'zoom-in', seeds),
    );
    const adapters = used.join(' + ');
    rows.push({ adapters, share: cameraShare(made, ...used), growth: growth(made), dx: shift(made) });
    shown.push(...made.slice(0, 3).map(({ frames }) => ({ frames, caption: adapters })));
  }
  return {
    title: 'Two MotionLoRAs at once',
    figures: { combinedMotionLoras: rows },
    html: [
      await films(shown),
      table([
        ['MotionLoRAs', 'moves as all do', 'growth of diameter', 'pixels to the right'],
        ...rows.map((row) => [row.adapters, percent(row.share), row.growth.toFixed(2), row.dx.toFixed(1)]),
      ]),
    ].join(''),
  };
}
