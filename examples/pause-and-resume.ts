/**
 * A generation that can be stopped at any time: run it again, and it goes on from its last saved step to the same frames.
 *
 * `npx tsx examples/pause-and-resume.ts CHECKPOINT MOTION_MODULE "a prompt"`; Ctrl-C; the same again.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import {
  AnimateDiffPipeline,
  type Animation,
  decodeGenerationState,
  encodeGenerationState,
  type GenerateOptions,
} from 'animatediff-js';
import { encodeGif } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';

/** Goes on from the file `state` if there is one, else begins; the file is gone when the animation is done. */
export async function pausable(
  files: { checkpoint: string; motionModule: string; state: string },
  request: GenerateOptions,
): Promise<Animation> {
  const saved = await readFile(files.state).catch(() => undefined);
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(files.checkpoint),
    motionModule: fileSource(files.motionModule),
  });
  const { signal } = request;
  const events = saved
    ? pipeline.resume(decodeGenerationState(new Uint8Array(saved)), { signal, checkpointEvery: 1 })
    : pipeline.stream({ ...request, checkpointEvery: 1 });
  for await (const event of events) {
    if (event.type === 'checkpoint') {
      // Under another name first: a file is there whole or not at all.
      await writeFile(`${files.state}.part`, encodeGenerationState(event.state));
      await rename(`${files.state}.part`, files.state);
    }
    if (event.type !== 'generation-end') continue;
    await rm(files.state, { force: true });
    return event.animation;
  }
  throw new Error('ended without a result');
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, motionModule, prompt = 'a candle in the dark'] = process.argv.slice(2);
  if (checkpoint === undefined || motionModule === undefined) {
    console.error('It needs two files: CHECKPOINT and MOTION_MODULE; then, if you like, a prompt.');
    process.exit(2);
  }
  await mkdir('out', { recursive: true });
  const files = { checkpoint, motionModule, state: 'out/paused.state' };
  const { frames, fps } = await pausable(files, { prompt });
  await writeFile('out/pause-and-resume.gif', await encodeGif(frames, { fps }));
}
