// `npm run evaluate:embedded [-- SEEDS]`: generates animations with the model and prints as JSON which shares of them show
// what they should. 64 seeds unless told otherwise.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Adapter, AnimateDiffPipeline, domainAdapter, motionLora } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { type Animator, cameraShare, captionShares } from './evaluation.ts';
import { modelFolder } from './stage-files.ts';

const seeds = Number(process.argv[2] ?? 64);
const inModel = (path: string): string => join(modelFolder, path);

async function withPipeline<T>(
  adapters: readonly Adapter[],
  use: (pipeline: Animator) => Promise<T>,
): Promise<T> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode({ threads: 2 }),
    checkpoint: fileSource(inModel('model')),
    motionModule: fileSource(inModel('motion/motion-module.safetensors')),
    adapters,
  });
  return await use(pipeline);
}

const captions = await withPipeline([], (pipeline) => captionShares(pipeline, seeds));
console.log(JSON.stringify({ seeds, captions }));

const adapterPath = inModel('adapters/domain-adapter.safetensors');
if (existsSync(adapterPath)) {
  const inPlace = await withPipeline([domainAdapter(fileSource(adapterPath))], (pipeline) =>
    captionShares(pipeline, seeds),
  );
  const watermarkLowered = 1 - captions.watermark / inPlace.watermark;
  console.log(JSON.stringify({ seeds, domainAdapter: inPlace, watermarkLowered }));
}

for (const camera of ['zoom-in', 'zoom-out', 'pan-left', 'roll'] as const) {
  const path = inModel(`adapters/motion-lora-${camera}.safetensors`);
  if (!existsSync(path)) continue;
  const share = await withPipeline([motionLora(fileSource(path))], (pipeline) =>
    cameraShare(pipeline, camera, seeds),
  );
  console.log(JSON.stringify({ seeds, camera, share }));
}
