/**
 * An animation that takes off from a picture, and arrives at another if there is one.
 *
 * `npx tsx examples/image-to-animation.ts CHECKPOINT MOTION_MODULE FIRST.png [LAST.png] ["a prompt"]`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { AnimateDiffPipeline, type Animation, type GenerateOptions } from 'animatediff-js';
import { encodeGif } from 'animatediff-js/media';
import { fileSource, ortNode, readFrames } from 'animatediff-js/node';

/** The pictures are cut to the size that is made, the model's own unless the request says otherwise. */
export async function imageToAnimation(
  files: { checkpoint: string; motionModule: string; first: string; last?: string | undefined },
  request: GenerateOptions,
): Promise<Animation> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(files.checkpoint),
    motionModule: fileSource(files.motionModule),
  });
  const { nativeSize } = pipeline.info;
  const { width = nativeSize, height = width } = request;
  const paths = files.last === undefined ? [files.first] : [files.first, files.last];
  const [first, last] = await readFrames(paths, { width, height });
  if (first === undefined) throw new Error(`${files.first} holds no picture`);
  return await pipeline.generate({ ...request, width, height, image: { first, last } });
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, motionModule, first, ...rest] = process.argv.slice(2);
  if (checkpoint === undefined || motionModule === undefined || first === undefined) {
    console.error(
      'It needs three files: CHECKPOINT, MOTION_MODULE and FIRST; then, if you like, LAST and a prompt.',
    );
    process.exit(2);
  }
  const last = rest.find((argument) => /\.(png|jpe?g)$/i.test(argument));
  const prompt = rest.find((argument) => argument !== last) ?? 'a harbour in the evening, gentle waves';
  const { frames, fps } = await imageToAnimation(
    { checkpoint, motionModule, first, last },
    { prompt, seed: 4 },
  );
  await mkdir('out', { recursive: true });
  await writeFile('out/image-to-animation.gif', await encodeGif(frames, { fps }));
  console.log('out/image-to-animation.gif');
}
