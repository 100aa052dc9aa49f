/**
 * An animation without beginning or end: its windows wrap around, so that the last frame runs on into the first.
 *
 * `npx tsx examples/closed-loop.ts CHECKPOINT MOTION_MODULE "a prompt"`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { AnimateDiffPipeline, type Animation, type GenerateOptions } from 'animatediff-js';
import { encodeGif } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';

/** 24 frames unless the request says otherwise; each step has windows of 16. */
export async function closedLoop(
  files: { checkpoint: string; motionModule: string },
  request: GenerateOptions,
): Promise<Animation> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(files.checkpoint),
    motionModule: fileSource(files.motionModule),
  });
  return await pipeline.generate({ numFrames: 24, context: { loop: true }, ...request });
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, motionModule, prompt = 'a waterfall in a forest'] = process.argv.slice(2);
  if (checkpoint === undefined || motionModule === undefined) {
    console.error('It needs two files: CHECKPOINT and MOTION_MODULE; then, if you like, a prompt.');
    process.exit(2);
  }
  const { frames, fps } = await closedLoop({ checkpoint, motionModule }, { prompt, seed: 6 });
  await mkdir('out', { recursive: true });
  await writeFile('out/closed-loop.gif', await encodeGif(frames, { fps }));
  console.log('out/closed-loop.gif: plays round and round');
}
