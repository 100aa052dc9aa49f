import { AnimateDiffPipeline, type Backend, type GenerateOptions } from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { type Check, compare } from './check.js';
import type { ModelForm } from './forms.js';
import type { RecordedRun, Reference } from './reference.js';

/** A whole generation against the recorded one: start noise, timesteps, latents after steps, frames. */
export async function* checkRecordedRun(
  reference: Reference,
  run: RecordedRun,
  form: ModelForm,
  backend: Backend,
): AsyncGenerator<Check> {
  const module = [run.motion, `motion/${run.motion}`].find((path) => reference.has(path));
  if (module === undefined) throw new Error(`${reference.directory} has no motion module '${run.motion}'`);
  const pipeline = await AnimateDiffPipeline.load({
    ...form.options,
    backend,
    motionModule: fileSource(reference.path(module)),
    motionGroupNorm: run.motion_norm === 'clip' ? 'diffusers' : 'original',
  });
  try {
    const latents = await reference.tensor('pipe.latents');
    const [, , numFrames = 1, height = 1, width = 1] = latents.shape;
    const scale = pipeline.components.vae.latentScale;
    const options: GenerateOptions = {
      prompt: run.prompt,
      negativePrompt: run.negative,
      numFrames,
      height: height * scale,
      width: width * scale,
      guidanceScale: run.guidance_scale,
      numInferenceSteps: run.steps,
      // Noise from the seed where one was recorded, which checks the normals too.
      ...(run.seed === undefined ? { latents } : { seed: run.seed }),
    };
    const frames: number[] = [];
    for await (const event of pipeline.stream(options)) {
      if (event.type === 'generation-start') {
        yield compare('pipe.latents', event.latents.data, latents.data);
        yield compare('pipe.timesteps', event.timesteps, (await reference.tensor('pipe.timesteps')).data, 0);
      }
      if (event.type === 'step-end' && reference.records(`pipe.step${event.step}`)) {
        const name = `pipe.step${event.step}`;
        yield compare(name, event.latents.data, (await reference.tensor(name)).data);
      }
      if (event.type === 'frame-decoded') for (const value of event.pixels.data) frames.push(value);
    }
    yield compare('pipe.frames', frames, (await reference.tensor('pipe.frames')).data);
  } finally {
    await pipeline.dispose();
  }
}
