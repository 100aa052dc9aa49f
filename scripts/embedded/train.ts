// `npm run train:embedded`: trains the model in models/embedded, stage by stage. A stage whose files are there is skipped;
// one that was cut off goes on from its last checkpoint in out/embedded.
import { existsSync } from 'node:fs';
import { ortNode } from 'animatediff-js/node';
import { trainDomainAdapter, trainMotionModule } from 'animatediff-js/training';
import type { FolderSource } from '../../src/core/source.ts';
import { pictureClips } from './clips.ts';
import { tensorsOf } from './file-tensors.ts';
import { trainImageModel } from './image-stage.ts';
import { latentSpread } from './latent-spread.ts';
import { indexJson, schedulerJson, textJson, unetJson, vaeJson } from './model-configs.ts';
import { motionOptions, trainCamera } from './motion-stages.ts';
import { newUnet } from './new-networks.ts';
import { overlayFolder } from './overlay-folder.ts';
import { pastel } from './pastel.ts';
import { peftNames } from './peft-names.ts';
import { cameras } from './scenes.ts';
import { writeFile } from './stage-files.ts';
import { stockLook } from './stock-look.ts';
import { trainTextEncoder } from './text-stage.ts';
import { modelTokenizer } from './tokenizer.ts';
import { inModel, modelFiles, modelSource, seed, trainerOptions } from './trainer-options.ts';
import { trainVae } from './vae-stage.ts';
import { halfFile, writeJson, writePart } from './write-model.ts';

const backend = ortNode({ threads: 2 });

async function stage(name: string, output: string, run: () => Promise<void>): Promise<void> {
  if (existsSync(inModel(output))) {
    console.log(`${name}: done before`);
    return;
  }
  const began = Date.now();
  await run();
  console.log(`${name}: done in ${((Date.now() - began) / 60_000).toFixed(1)} min`);
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
    ...trainerOptions('image'),
    checkpoint: overlayFolder(modelSource('model') as FolderSource, start),
    clips: pictureClips(seed, 12000),
    steps: 6000,
    batchSize: 24,
    learningRate: 2e-3,
    averageDecay: 0.998,
  });
  await writePart('unet', await tensorsOf(file), unetJson());
});

await stage('domain adapter', modelFiles.adapter, async () => {
  const { file } = await trainDomainAdapter({
    ...trainerOptions('adapter'),
    clips: pictureClips(seed, 600, stockLook),
    steps: 800,
    batchSize: 8,
    rank: 16,
    learningRate: 4e-3,
  });
  await writeTrained(modelFiles.adapter, file);
});

await stage('motion module', modelFiles.motion, async () => {
  const { file } = await trainMotionModule(motionOptions('motion', 5000));
  await writeTrained(modelFiles.motion, file);
});

await stage('style LoRA', modelFiles.style, async () => {
  const { file } = await trainDomainAdapter({
    ...trainerOptions('style'),
    clips: pictureClips(seed, 50, pastel),
    steps: 200,
    batchSize: 8,
    rank: 8,
    learningRate: 4e-3,
  });
  await writeFile(inModel(modelFiles.style), halfFile(peftNames(await tensorsOf(file))));
});

for (const camera of cameras) {
  const output = `adapters/motion-lora-${camera}.safetensors`;
  await stage(`MotionLoRA ${camera}`, output, async () =>
    writeTrained(output, await trainCamera(camera, camera, 40)),
  );
}
