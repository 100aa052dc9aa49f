import {
  AnimateDiffPipeline,
  type Backend,
  type Float32Tensor,
  float32Tensor,
  type ModelOptions,
  type MotionGroupNorm,
} from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { adapterChecks } from './adapter-checks.js';
import { type Check, compare } from './check.js';
import { type ModelForm, modelForms } from './forms.js';
import { checkRecordedRun } from './recorded-run.js';
import type { Reference } from './reference.js';
import { unetInput } from './unet-input.js';

/** Runs everything that a directory has references for. */
export async function* parityChecks(reference: Reference, backend: Backend): AsyncGenerator<Check> {
  for (const form of modelForms(reference)) {
    yield* withPipeline(form.name, backend, form.options, (pipeline) =>
      imageModelChecks(reference, form, pipeline),
    );
  }
  const [form] = modelForms(reference);
  if (form === undefined) throw new Error(`${reference.directory} has no model/ folder and no single-file/`);
  for (const { module, norm, name } of motionCases(reference)) {
    const options: ModelOptions = {
      ...form.options,
      motionModule: fileSource(reference.path(module)),
      motionGroupNorm: norm,
    };
    yield* withPipeline(name, backend, options, (pipeline) => motionCheck(reference, name, module, pipeline));
  }
  yield* adapterChecks(reference, form, backend);
  if (reference.run !== undefined && reference.records('pipe.latents')) {
    yield* checkRecordedRun(reference, reference.run, form, backend);
  }
}

async function* withPipeline(
  name: string,
  backend: Backend,
  options: ModelOptions,
  checks: (pipeline: AnimateDiffPipeline) => AsyncGenerator<Check>,
): AsyncGenerator<Check> {
  // One model that cannot be tried must not hide the others' results.
  try {
    const pipeline = await AnimateDiffPipeline.load({ ...options, backend });
    try {
      yield* checks(pipeline);
    } finally {
      await pipeline.dispose();
    }
  } catch (error) {
    yield { name: `${name}: ${error}`, error: Number.POSITIVE_INFINITY, passed: false };
  }
}

async function* imageModelChecks(
  reference: Reference,
  form: ModelForm,
  { components }: AnimateDiffPipeline,
): AsyncGenerator<Check> {
  const named = (name: string): string => `${name} (${form.name})`;
  const { tokenizer, textEncoder, unet, vae } = components;
  if (reference.records('text.ids')) {
    const ids = reference.prompts.flatMap((prompt) => [...tokenizer.encodePrompt(prompt).ids]);
    yield compare(named('text.ids'), ids, (await reference.tensor('text.ids')).data, 0);
  }
  for (const [name, clipSkip] of [
    ['text.embeddings', 0],
    ['text.embeddings_skip1', 1],
  ] as const) {
    if (!reference.records(name)) continue;
    const { data } = await textEncoder.encode(reference.prompts, { clipSkip });
    yield compare(named(name), data, (await reference.tensor(name)).data);
  }
  if (reference.records('unet.image_only')) {
    const expected = await reference.tensor('unet.image_only');
    const input = await unetInput(reference);
    const { data } = await unet.predict({ ...input, sample: firstFrame(input.sample) });
    yield compare(named('unet.image_only'), data, expected.data);
  }
  if (reference.records('vae.decoded')) {
    const { data } = await vae.decode(await reference.tensor('vae.latents'));
    yield compare(named('vae.decoded'), data, (await reference.tensor('vae.decoded')).data);
  }
  if (reference.records('vae.encoded_mean')) {
    const { mean, logvar } = await vae.encode(await reference.tensor('vae.image'));
    yield compare(named('vae.encoded_mean'), mean.data, (await reference.tensor('vae.encoded_mean')).data);
    yield compare(
      named('vae.encoded_logvar'),
      logvar.data,
      (await reference.tensor('vae.encoded_logvar')).data,
    );
  }
}

interface MotionCase {
  readonly name: string;
  readonly module: string;
  readonly norm: MotionGroupNorm;
}

const motionFiles = ['v1.ckpt', 'v2.ckpt', 'v2-folder', 'v3.safetensors'];
const normOf = { frame_norm: 'frame', clip_norm: 'diffusers', original: 'original' } as const;

function motionCases(reference: Reference): MotionCase[] {
  return motionFiles
    .map((file) => `motion/${file}`)
    .filter((module) => reference.has(module))
    .flatMap((module) =>
      (Object.keys(normOf) as (keyof typeof normOf)[]).flatMap((scope) => {
        const version = module.slice('motion/'.length, 'motion/v1'.length);
        const name = `unet.${version}.${scope}`;
        // As they were trained, modules after v1 normalise each frame: the same reference serves both names.
        const norms =
          scope === 'frame_norm' && version !== 'v1'
            ? ([normOf[scope], 'original'] as const)
            : [normOf[scope]];
        return reference.records(name) ? norms.map((norm) => ({ name, module, norm })) : [];
      }),
    );
}

async function* motionCheck(
  reference: Reference,
  name: string,
  module: string,
  pipeline: AnimateDiffPipeline,
): AsyncGenerator<Check> {
  const { data } = await pipeline.components.unet.predict(await unetInput(reference));
  const { groupNorm } = pipeline.info.motionModule!;
  yield compare(`${name} (${module}, '${groupNorm}')`, data, (await reference.tensor(name)).data);
  if (!reference.records('unet.image_only')) return;
  const input = await unetInput(reference);
  const alone = await pipeline.components.unet.predict({ ...input, sample: firstFrame(input.sample) });
  const expected = await reference.tensor('unet.image_only');
  yield compare(`unet.image_only (one frame with ${module}, '${groupNorm}')`, alone.data, expected.data);
}

/** Frame 0 of every clip: `[batch, channels, frames, h, w]` to `[batch, channels, 1, h, w]`. */
function firstFrame({ data, shape }: Float32Tensor): Float32Tensor {
  const [batch = 1, channels = 1, frames = 1, height = 1, width = 1] = shape;
  const pixels = height * width;
  const out = new Float32Array(batch * channels * pixels);
  for (let plane = 0; plane < batch * channels; plane++) {
    const from = plane * frames * pixels;
    out.set(data.subarray(from, from + pixels), plane * pixels);
  }
  return float32Tensor(out, [batch, channels, 1, height, width]);
}
