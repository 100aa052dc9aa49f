/**
 * The first animation: `npx tsx examples/first-animation.ts CHECKPOINT MOTION_MODULE "a prompt"`.
 * Without arguments it uses the small model of this repository.
 */
import { writeFile } from 'node:fs/promises';
import { AnimateDiffPipeline } from 'animatediff-js';
import { encodeGif } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';

const [
  checkpoint = 'models/embedded/model',
  motionModule = 'models/embedded/motion/motion-module.safetensors',
  prompt = 'a red circle on a black background, moving right',
] = process.argv.slice(2);

await using pipeline = await AnimateDiffPipeline.load({
  backend: ortNode(),
  checkpoint: fileSource(checkpoint),
  motionModule: fileSource(motionModule),
});

for await (const event of pipeline.stream({ prompt, guidanceScale: 3, seed: 6 })) {
  if (event.type === 'warning') console.warn(event.warning.message);
  if (event.type === 'step-end') console.log(`step ${event.step + 1} of ${event.steps}`);
  if (event.type !== 'generation-end') continue;
  const { frames, fps, seed } = event.animation;
  await writeFile('animation.gif', await encodeGif(frames, { fps }));
  console.log(`animation.gif, seed ${seed}`);
}
