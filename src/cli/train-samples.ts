import { join } from 'node:path';
import { AnimateDiffPipeline } from '../index.js';
import { encodeGif, encodePng } from '../media.js';
import type { TrainKind, TrainRequest } from './train-kinds.js';
import { prepareFile, writeWhole } from './write-file.js';

/**
 * Makes a sample for each prompt with what has been learned so far, from the same noise each time, and writes it: a GIF, or
 * a PNG where there is no motion module.
 * @param step Steps done.
 * @returns Where they are.
 */
export async function writeSamples(
  kind: TrainKind,
  request: TrainRequest,
  { step, file }: { readonly step: number; readonly file: Uint8Array },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { values, options } = request;
  const { backend, checkpoint, vae } = options;
  const { width, height } = options.clips[0]!.frames[0]!;
  const learned = kind.sampled(request, file);
  const moves = learned.motionModule !== undefined;
  const prompts = values.texts('sample-prompt');
  const paths: string[] = [];
  await using pipeline = await AnimateDiffPipeline.load({ backend, checkpoint, vae, ...learned, signal });
  for (const [index, prompt] of prompts.entries()) {
    const { frames, fps } = await pipeline.generate({
      prompt,
      width,
      height,
      numFrames: moves ? options.numFrames : 1,
      numInferenceSteps: values.number('sample-steps'),
      seed: 0,
      signal,
    });
    const path = samplePath(values.text('samples'), { step, index, count: prompts.length, moves });
    await writeWhole(path, moves ? await encodeGif(frames, { fps }) : await encodePng(frames[0]!));
    paths.push(path);
  }
  return paths;
}

/** Makes the samples' folder. @throws When nothing could be written there. */
export function prepareSamples(folder: string | undefined): Promise<void> {
  return prepareFile(samplePath(folder, { step: 0, index: 0, count: 1, moves: true }));
}

function samplePath(
  folder = 'samples',
  place: {
    readonly step: number;
    readonly index: number;
    readonly count: number;
    readonly moves: boolean;
  },
): string {
  const which = place.count === 1 ? '' : `-${place.index + 1}`;
  return join(folder, `step-${String(place.step).padStart(6, '0')}${which}.${place.moves ? 'gif' : 'png'}`);
}
