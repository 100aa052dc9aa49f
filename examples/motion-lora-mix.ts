/**
 * Two camera movements at once: MotionLoRAs add up. The published ones were made for motion module v2.
 *
 * `npx tsx examples/motion-lora-mix.ts CHECKPOINT mm_sd_v15_v2.ckpt v2_lora_PanLeft.ckpt v2_lora_ZoomIn.ckpt "a prompt"`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { AnimateDiffPipeline, type Animation, type GenerateOptions, motionLora } from 'animatediff-js';
import { encodeGif } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';

/** Paths of the files. */
interface MixFiles {
  checkpoint: string;
  motionModule: string;
  motions: readonly string[];
}

/** @param scale Of each: together they should not be much stronger than one alone at 1. */
export async function motionLoraMix(
  { checkpoint, motionModule, motions }: MixFiles,
  request: GenerateOptions,
  scale = 0.7,
): Promise<Animation> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(checkpoint),
    motionModule: fileSource(motionModule),
    // Names of one's own: files may be called the same.
    adapters: motions.map((path, i) => motionLora(fileSource(path), { name: `motion ${i + 1}`, scale })),
  });
  // Awaited here, or the pipeline would be gone before it has finished.
  return await pipeline.generate(request);
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, motionModule, first, second, prompt = 'a forest in the fog'] = process.argv.slice(2);
  if (checkpoint === undefined || motionModule === undefined || first === undefined || second === undefined) {
    console.error(
      'It needs four files: CHECKPOINT, MOTION_MODULE and two MotionLoRAs; then, if you like, a prompt.',
    );
    process.exit(2);
  }
  const motions = [first, second];
  const { frames, fps, warnings } = await motionLoraMix(
    { checkpoint, motionModule, motions },
    { prompt, seed: 6 },
  );
  for (const { message } of warnings) console.warn(message);
  await mkdir('out', { recursive: true });
  await writeFile('out/motion-lora-mix.gif', await encodeGif(frames, { fps }));
  console.log('out/motion-lora-mix.gif');
}
