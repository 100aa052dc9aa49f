/**
 * What the domain adapter of AnimateDiff v3 does: a contact sheet with a row for each strength (alpha), from all of it to
 * none. It runs live, so the model is loaded once.
 *
 * `npx tsx examples/domain-adapter-sweep.ts CHECKPOINT v3_sd15_mm.ckpt v3_sd15_adapter.ckpt "a prompt"`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { AnimateDiffPipeline, domainAdapter, type Frame, type GenerateOptions } from 'animatediff-js';
import { contactSheet, encodePng } from 'animatediff-js/media';
import { fileSource, ortNode } from 'animatediff-js/node';

/** Paths of the files. */
interface SweepFiles {
  checkpoint: string;
  motionModule: string;
  adapter: string;
}

/** @param shown Frames of each animation on the sheet, spread over its length. */
export async function domainAdapterSweep(
  { checkpoint, motionModule, adapter }: SweepFiles,
  request: GenerateOptions,
  alphas: readonly number[] = [1, 0.75, 0.5, 0.25, 0],
  shown = 4,
): Promise<Frame> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(checkpoint),
    motionModule: fileSource(motionModule),
    adapters: [domainAdapter(fileSource(adapter), { name: 'domain', mode: 'live' })],
  });
  const cells: Frame[] = [];
  for (const alpha of alphas) {
    await pipeline.adapters.setScale('domain', alpha);
    const { frames } = await pipeline.generate(request);
    for (let i = 0; i < shown; i++) cells.push(frames[Math.floor((i * frames.length) / shown)]!);
  }
  return contactSheet(cells, { columns: shown });
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, motionModule, adapter, prompt = 'a lighthouse by the sea'] = process.argv.slice(2);
  if (checkpoint === undefined || motionModule === undefined || adapter === undefined) {
    console.error(
      'It needs three files: CHECKPOINT, v3_sd15_mm.ckpt and v3_sd15_adapter.ckpt; then, if you like, a prompt.',
    );
    process.exit(2);
  }
  const sheet = await domainAdapterSweep({ checkpoint, motionModule, adapter }, { prompt, seed: 6 });
  await mkdir('out', { recursive: true });
  await writeFile('out/domain-adapter-sweep.png', await encodePng(sheet));
  console.log('out/domain-adapter-sweep.png: from alpha 1 at the top to 0');
}
