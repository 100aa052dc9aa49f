/**
 * An animation with a sampler of one's own: `npm run build && npx tsx examples/custom-scheduler/run.ts`.
 * Uses the small model of this repository, and writes out/restart.gif and out/restart.png.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { AnimateDiffPipeline } from 'animatediff-js';
import { contactSheet, encodeGif, encodePng } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';
import { restart } from './restart.js';

await using pipeline = await AnimateDiffPipeline.load({
  backend: ortNode(),
  checkpoint: fileSource('models/embedded/model'),
  motionModule: fileSource('models/embedded/motion/motion-module.safetensors'),
  scheduler: (noise) => restart({ ...noise, from: 3, to: 0.5, times: 2 }),
});

const { frames, fps, seed } = await pipeline.generate({
  prompt: 'a red circle on a black background, moving right',
  guidanceScale: 3,
  numInferenceSteps: 20,
  seed: 6,
});

await mkdir('out', { recursive: true });
await writeFile('out/restart.gif', await encodeGif(frames, { fps }));
await writeFile('out/restart.png', await encodePng(contactSheet(frames)));
console.log(`out/restart.gif and out/restart.png, seed ${seed}`);
