/**
 * A LoRA as a slider: the same seed at rising scales on one contact sheet. The LoRA runs live, so each scale takes effect
 * at once. Images only: no motion module is needed.
 *
 * `npx tsx examples/lora-slider.ts CHECKPOINT LORA "a prompt with the LoRA's trigger word"`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { AnimateDiffPipeline, type Frame, type GenerateOptions, lora } from 'animatediff-js';
import { contactSheet, encodePng } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';

/** Pictures at scales from `from` to `to`, in reading order. */
export async function loraSlider(
  files: { checkpoint: string; lora: string },
  request: GenerateOptions,
  { from = -0.5, to = 1.25, count = 8 } = {},
): Promise<Frame> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(files.checkpoint),
    adapters: [lora(fileSource(files.lora), { name: 'slider', mode: 'live' })],
  });
  const pictures: Frame[] = [];
  for (let i = 0; i < count; i++) {
    await pipeline.adapters.setScale('slider', from + ((to - from) * i) / (count - 1));
    const { frames } = await pipeline.generate({ ...request, numFrames: 1 });
    pictures.push(...frames);
  }
  return contactSheet(pictures, { columns: Math.ceil(count / 2) });
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, loraFile, prompt = 'a portrait of an old sailor'] = process.argv.slice(2);
  if (checkpoint === undefined || loraFile === undefined) {
    console.error('It needs two files: CHECKPOINT and LORA; then, if you like, a prompt.');
    process.exit(2);
  }
  const sheet = await loraSlider({ checkpoint, lora: loraFile }, { prompt, seed: 6 });
  await mkdir('out', { recursive: true });
  await writeFile('out/lora-slider.png', await encodePng(sheet));
  console.log('out/lora-slider.png: scales from -0.5 to 1.25');
}
