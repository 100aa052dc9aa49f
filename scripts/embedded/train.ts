// `npm run train:embedded`: trains the model in models/embedded, stage by stage. A stage whose files are there is skipped;
// one that was cut off goes on from its last checkpoint in out/embedded.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { domainAdapter } from 'animatediff-js';
import { fileSource, folderLatentCache, ortNode } from 'animatediff-js/node';
import { trainDomainAdapter, trainMotionLora, trainMotionModule } from 'animatediff-js/training';
import type { FolderSource, ModelSource } from '../../src/core/source.ts';
import type { TrainingOptions } from '../../src/training/training-options.ts';
import { pictureClips, stockClips } from './clips.ts';
import { tensorsOf } from './file-tensors.ts';
import { trainImageModel } from './image-stage.ts';
import { latentSpread } from './latent-spread.ts';
import { indexJson, schedulerJson, textJson, unetJson, vaeJson } from './model-configs.ts';
import { newUnet } from './new-networks.ts';
import { overlayFolder } from './overlay-folder.ts';
import { pastel } from './pastel.ts';
import { peftNames } from './peft-names.ts';
import { stageProgress } from './progress.ts';
import { modelFolder, readIfThere, workFolder, writeFile } from './stage-files.ts';
import { stockLook } from './stock-look.ts';
import { trainTextEncoder } from './text-stage.ts';
import { modelTokenizer } from './tokenizer.ts';
import { trainVae } from './vae-stage.ts';
import { halfFile, writeJson, writePart } from './write-model.ts';

const backend = ortNode({ threads: 2 });
const seed = 20;
// Networks of this size keep two backends of one thread busier than one of two.
const [first, second] = [ortNode({ threads: 1 }), ortNode({ threads: 1 })];
const inModel = (path: string): string => join(modelFolder, path);
const source = (path: string): ModelSource => fileSource(inModel(path));
const adapterFile = 'adapters/domain-adapter.safetensors';
const styleFile = 'adapters/style-pastel.safetensors';
const motionFile = 'motion/motion-module.safetensors';

async function stage(name: string, output: string, run: () => Promise<void>): Promise<void> {
  if (existsSync(inModel(output))) {
    console.log(`${name}: done before`);
    return;
  }
  const began = Date.now();
  await run();
  console.log(`${name}: done in ${((Date.now() - began) / 60_000).toFixed(1)} min`);
}

/** What all trainers of the library are given. */
function common(name: string): Omit<TrainingOptions, 'clips' | 'steps'> {
  const checkpoint = join(workFolder, `${name}.checkpoint`);
  return {
    backend: first,
    moreBackends: [second],
    accumulate: 2,
    checkpoint: source('model'),
    schedule: 'cosine',
    warmupSteps: 20,
    minSnrGamma: 5,
    seed,
    latentCache: folderLatentCache(join(workFolder, 'latents')),
    checkpointEvery: 100,
    resume: readIfThere(checkpoint),
    onEvent: stageProgress(name, checkpoint),
  };
}

/** Writes what a trainer has made, in float16. */
async function writeTrained(output: string, file: Uint8Array): Promise<void> {
  await writeFile(inModel(output), halfFile(await tensorsOf(file)));
}

await stage('vae', 'model/vae/diffusion_pytorch_model.safetensors', async () => {
  const vae = await trainVae({ backend, steps: 2400, images: 4, seed });
  await writePart('vae', vae, vaeJson(1 / (await latentSpread(backend, vae, seed))));
});

await stage('text encoder', 'model/text_encoder/model.safetensors', async () => {
  const tokenizer = await modelTokenizer();
  const text = await trainTextEncoder({ backend, tokenizer, steps: 350, captions: 16, seed });
  await writePart('text_encoder', text, textJson());
});

await stage('image model', 'model/unet/diffusion_pytorch_model.safetensors', async () => {
  await writeJson('model_index.json', indexJson);
  await writeJson('scheduler/scheduler_config.json', schedulerJson);
  const start = new Map([
    ['unet/config.json', new TextEncoder().encode(JSON.stringify(unetJson()))],
    ['unet/diffusion_pytorch_model.safetensors', halfFile(newUnet(seed).values)],
  ]);
  const { file } = await trainImageModel({
    ...common('image'),
    checkpoint: overlayFolder(source('model') as FolderSource, start),
    clips: pictureClips(seed, 12000),
    steps: 6000,
    batchSize: 24,
    learningRate: 2e-3,
    averageDecay: 0.998,
  });
  await writePart('unet', await tensorsOf(file), unetJson());
});

await stage('domain adapter', adapterFile, async () => {
  const { file } = await trainDomainAdapter({
    ...common('adapter'),
    clips: pictureClips(seed, 600, stockLook),
    steps: 800,
    batchSize: 8,
    rank: 16,
    learningRate: 4e-3,
  });
  await writeTrained(adapterFile, file);
});

await stage('motion module', motionFile, async () => {
  const { file } = await trainMotionModule({
    ...common('motion'),
    adapters: [domainAdapter(source(adapterFile))],
    clips: stockClips(seed, 800),
    steps: 1500,
    batchSize: 2,
    learningRate: 1.5e-3,
    averageDecay: 0.99,
  });
  await writeTrained(motionFile, file);
});

await stage('style LoRA', styleFile, async () => {
  const { file } = await trainDomainAdapter({
    ...common('style'),
    clips: pictureClips(seed, 50, pastel),
    steps: 200,
    batchSize: 8,
    rank: 8,
    learningRate: 4e-3,
  });
  await writeFile(inModel(styleFile), halfFile(peftNames(await tensorsOf(file))));
});

for (const camera of ['zoom-in', 'zoom-out', 'pan-left', 'roll'] as const) {
  const output = `adapters/motion-lora-${camera}.safetensors`;
  await stage(`MotionLoRA ${camera}`, output, async () => {
    const { file } = await trainMotionLora({
      ...common(camera),
      motionModule: source(motionFile),
      adapters: [domainAdapter(source(adapterFile))],
      clips: stockClips(seed, 40, camera),
      steps: 150,
      batchSize: 2,
      rank: 8,
      learningRate: 4e-3,
    });
    await writeTrained(output, file);
  });
}
