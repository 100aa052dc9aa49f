import type { LoadOptions, ModelOptions, ModelSource, MotionGroupNorm } from '../index.js';
import { urlSource } from '../index.js';
import { fileSource, ortNode } from '../node.js';
import type { CliOption, CliValues } from './options.js';

/** Options that name the files of a model. */
export const modelCliOptions: readonly CliOption[] = [
  {
    name: 'checkpoint',
    short: 'c',
    kind: 'text',
    value: 'PATH|URL',
    required: true,
    help: 'Stable Diffusion 1.x: one file, or a diffusers folder',
  },
  {
    name: 'motion',
    short: 'm',
    kind: 'text',
    value: 'PATH|URL',
    help: 'AnimateDiff motion module; without it one image is made',
  },
  { name: 'vae', kind: 'text', value: 'PATH|URL', help: "a VAE to use instead of the checkpoint's" },
  { name: 'tokenizer', kind: 'text', value: 'FOLDER', help: 'folder with vocab.json and merges.txt' },
  {
    name: 'variant',
    kind: 'text',
    value: 'NAME',
    help: "which of a folder's weights to prefer, such as fp16",
  },
  {
    name: 'motion-group-norm',
    kind: 'text',
    choices: ['original', 'diffusers', 'frame'],
    help: 'scope of group norms (original)',
  },
];

/** What networks run on. */
export const deviceCliOption: CliOption = {
  name: 'device',
  kind: 'text',
  choices: ['cpu', 'webgpu', 'cuda'],
  help: 'what computes (cpu)',
};

/** Options that choose where networks run. */
export const backendCliOptions: readonly CliOption[] = [
  deviceCliOption,
  { name: 'threads', kind: 'number', value: 'N', help: 'threads of the CPU (all)' },
  {
    name: 'isolation',
    kind: 'text',
    choices: ['worker', 'process', 'none'],
    help: 'where the runtime lives (worker)',
  },
  { name: 'no-cache', kind: 'flag', help: 'do not keep weights on disk' },
  {
    name: 'prepack',
    kind: 'flag',
    help: 'pack weights that are left whole, as with a merged LoRA: more memory',
  },
];

const precisions = ['float32', 'float16'];

const vaePrecision: CliOption = {
  name: 'vae-precision',
  kind: 'text',
  choices: precisions,
  help: 'the same of the VAE (float32)',
};

const quantize: CliOption = {
  name: 'quantize',
  kind: 'text',
  choices: ['int8', 'int4', 'int8-dynamic'],
  help: "weights of the UNet's linear layers (as precision); int8-dynamic is the fastest on a CPU",
};

/** What networks are stored and computed in. */
export const precisionCliOptions: readonly CliOption[] = [
  {
    name: 'precision',
    kind: 'text',
    choices: [...precisions, 'auto'],
    help: 'of text encoder and UNet; float16 is half the memory (auto: what the device is good at)',
  },
  vaePrecision,
  quantize,
];

/** The same for a plan, which looks for no device that is good at one. */
export const plannedPrecisionCliOptions: readonly CliOption[] = [
  { name: 'precision', kind: 'text', choices: precisions, help: 'of text encoder and UNet (float32)' },
  vaePrecision,
  quantize,
];

/** The precision that was asked for. */
export function precisionOptions(
  values: CliValues,
): Pick<LoadOptions, 'precision' | 'vaePrecision' | 'quantization'> {
  return {
    precision: values.text('precision') as LoadOptions['precision'],
    vaePrecision: values.text('vae-precision') as LoadOptions['vaePrecision'],
    quantization: values.text('quantize') as LoadOptions['quantization'],
  };
}

/** Which networks stay in memory. */
export const residencyCliOption: CliOption = {
  name: 'residency',
  kind: 'text',
  choices: ['all', 'unet', 'one'],
  help: 'which networks stay in memory (all up to 1 GB of weights, else unet)',
};

/** A path or URL as a source. */
export function sourceOf(name: string): ModelSource {
  return /^https?:\/\//.test(name) ? urlSource(name) : fileSource(name);
}

/** The files that were named. @throws `invalid-options` for a path that leads nowhere. */
export function modelOptions(values: CliValues): ModelOptions {
  const optional = (name: string): ModelSource | undefined => {
    const given = values.text(name);
    return given === undefined ? undefined : sourceOf(given);
  };
  return {
    checkpoint: sourceOf(values.text('checkpoint') ?? ''),
    motionModule: optional('motion'),
    vae: optional('vae'),
    tokenizer: optional('tokenizer'),
    variant: values.text('variant'),
    motionGroupNorm: values.text('motion-group-norm') as MotionGroupNorm | undefined,
  };
}

/** The backend that was chosen. */
export function backendOf(values: CliValues): ReturnType<typeof ortNode> {
  return ortNode({
    device: values.text('device') as 'cpu' | undefined,
    threads: values.number('threads'),
    isolation: values.text('isolation') as 'worker' | undefined,
    weightsCache: values.flag('no-cache') ? false : undefined,
    prepack: values.flag('prepack') ? true : undefined,
  });
}
