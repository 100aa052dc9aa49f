/**
 * Eight seconds: 64 frames from a module that takes 32, in overlapping windows, with noise that repeats as they move.
 *
 * `npx tsx examples/long-animation.ts CHECKPOINT MOTION_MODULE "a prompt"`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import {
  AnimateDiffPipeline,
  type Animation,
  type ContextOptions,
  describeWindows,
  type GenerateOptions,
} from 'animatediff-js';
import { encodeGif } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';

const context = { length: 16, overlap: 4, fuse: 'pyramid' } satisfies ContextOptions;
const numFrames = 64;

/** @param onStep Told the step and how many runs of the UNet it took. */
export async function longAnimation(
  files: { checkpoint: string; motionModule: string },
  request: GenerateOptions,
  onStep: (step: number, evaluations: number) => void = () => {},
): Promise<Animation | undefined> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(files.checkpoint),
    motionModule: fileSource(files.motionModule),
  });
  const noise = {
    kind: 'freeNoise',
    length: context.length,
    stride: context.length - context.overlap,
  } as const;
  for await (const event of pipeline.stream({ numFrames, context, noise, ...request })) {
    if (event.type === 'generation-end') return event.animation;
    if (event.type !== 'step-end') continue;
    const { steps } = describeWindows(context, { numFrames, steps: event.steps });
    onStep(event.step, steps[event.step]!.evaluations);
  }
  return undefined;
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, motionModule, prompt = 'a sailing boat on the open sea'] = process.argv.slice(2);
  if (checkpoint === undefined || motionModule === undefined) {
    console.error('It needs two files: CHECKPOINT and MOTION_MODULE; then, if you like, a prompt.');
    process.exit(2);
  }
  const tell = (step: number, runs: number): void => console.log(`step ${step + 1}: ${runs} windows`);
  const animation = await longAnimation({ checkpoint, motionModule }, { prompt, seed: 6 }, tell);
  await mkdir('out', { recursive: true });
  await writeFile('out/long-animation.gif', await encodeGif(animation!.frames, { fps: 8 }));
  console.log('out/long-animation.gif');
}
