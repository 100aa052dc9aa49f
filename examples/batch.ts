/**
 * A table of pictures to choose from: several prompts, each with the same seeds, from one load of the model.
 *
 * `npx tsx examples/batch.ts CHECKPOINT MOTION_MODULE "a prompt" "another prompt"`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { AnimateDiffPipeline, type Animation, type BatchItem, type BatchOptions } from 'animatediff-js';
import { encodeGif } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';

/**
 * @param onAnimation Called with each animation when it is done; the next one waits for it.
 * @returns What went wrong, by the animation's index.
 */
export async function contest(
  files: { checkpoint: string; motionModule: string },
  request: BatchOptions,
  onAnimation: (item: BatchItem, animation: Animation) => Promise<void>,
): Promise<Map<number, unknown>> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(files.checkpoint),
    motionModule: fileSource(files.motionModule),
  });
  const failures = new Map<number, unknown>();
  for await (const { item, event } of pipeline.batch({ onError: 'continue', ...request })) {
    if (event.type === 'generation-end') await onAnimation(item, event.animation);
    if (event.type === 'job-error') failures.set(item.index, event.error);
  }
  return failures;
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, motionModule, ...jobs] = process.argv.slice(2);
  if (checkpoint === undefined || motionModule === undefined || jobs.length === 0) {
    console.error('It needs two files, CHECKPOINT and MOTION_MODULE, and at least one prompt.');
    process.exit(2);
  }
  await mkdir('out', { recursive: true });
  const request = { jobs, seeds: [1, 2, 3], negativePrompt: 'low quality' };
  const failures = await contest({ checkpoint, motionModule }, request, async (item, { frames, fps }) => {
    const path = `out/batch-${item.job}-${item.seed}.gif`;
    await writeFile(path, await encodeGif(frames, { fps }));
    console.log(`${item.index + 1} of ${item.count}: ${path}`);
  });
  for (const [index, error] of failures) console.error(`${index + 1} failed:`, error);
}
