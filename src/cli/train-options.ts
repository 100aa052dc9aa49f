import { adapterCliOptions } from './adapter-options.js';
import { modelCliOptions } from './model-options.js';
import { type CliOption, type CliValues, grouped } from './options.js';

/** The options of a model's files that training takes, and what it says of them otherwise. */
const modelDifferences: Readonly<Record<string, Partial<CliOption>>> = {
  checkpoint: { help: 'Stable Diffusion 1.x: one file, or a diffusers folder; it stays as it is' },
  motion: {
    sets: 'motionModule',
    help: 'motion module: that a motion-lora is for, or that a motion-module goes on from (a new one)',
  },
  vae: {},
};

/** Options that name the model that is trained for. */
const modelOptions: readonly CliOption[] = [
  ...modelCliOptions.flatMap((option): CliOption[] => {
    const own = modelDifferences[option.name];
    return own ? [{ ...option, ...own }] : [];
  }),
  ...adapterCliOptions
    .filter(({ name }) => name === 'lora' || name === 'domain-adapter')
    .map((option) => ({ ...option, help: `${option.help}, in place while training` })),
];

const clipOptions: readonly CliOption[] = [
  {
    name: 'clips',
    kind: 'text',
    value: 'FOLDER',
    required: true,
    help: 'GIFs, videos (with ffmpeg) and folders of pictures, each with a .txt of its name that says what it shows',
  },
  { name: 'width', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (256)' },
  { name: 'height', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (as the width)' },
  { name: 'fps', kind: 'number', value: 'N', help: 'frames to take of each second of a GIF or video (all)' },
  { name: 'frames', sets: 'numFrames', kind: 'number', value: 'N', help: 'frames seen at once (16)' },
  {
    name: 'stride',
    sets: 'frameStride',
    kind: 'number',
    value: 'N',
    help: 'every so manyth frame is taken (1)',
  },
  {
    name: 'latents',
    sets: 'latentCache',
    kind: 'text',
    value: 'FOLDER',
    help: 'keeps what the VAE makes of the clips, for the next run',
  },
];

/** Options of the library, which checks them. */
const stepOptions: readonly CliOption[] = [
  { name: 'steps', kind: 'number', value: 'N', required: true, help: 'steps of the optimiser' },
  { name: 'batch-size', kind: 'number', value: 'N', help: 'clips seen at once (1)' },
  { name: 'accumulate', kind: 'number', value: 'N', help: 'batches that make a step (1)' },
  { name: 'learning-rate', kind: 'number', value: 'X', help: 'highest learning rate (0.0001)' },
  { name: 'schedule', kind: 'text', choices: ['constant', 'cosine'], help: 'how it goes on (constant)' },
  { name: 'warmup-steps', kind: 'number', value: 'N', help: 'steps in which it rises from 0 (0)' },
  { name: 'weight-decay', kind: 'number', value: 'X', help: "AdamW's (0.01)" },
  { name: 'max-gradient-norm', kind: 'number', value: 'X', help: 'longer gradients are shortened (1)' },
  {
    name: 'average-decay',
    kind: 'number',
    value: 'X',
    help: 'writes an average of the weights that keeps this share from step to step, such as 0.999',
  },
  { name: 'prompt-dropout', kind: 'number', value: 'X', help: 'share that sees the empty prompt (0.1)' },
  {
    name: 'min-snr-gamma',
    kind: 'number',
    value: 'X',
    help: 'levels with little noise count less; 5 is usual',
  },
  {
    name: 'prediction',
    kind: 'text',
    choices: ['epsilon', 'v_prediction'],
    help: 'what is learned (epsilon)',
  },
  { name: 'seed', kind: 'number', value: 'N', help: 'the same seed gives the same file (0)' },
  { name: 'rank', kind: 'number', value: 'N', help: 'inner size (motion-lora 64, domain-adapter 128)' },
  { name: 'max-frames', kind: 'number', value: 'N', help: 'most frames of a new motion module (32)' },
  { name: 'mid-block', kind: 'flag', help: 'a new motion module has a part in the middle, as v2' },
  { name: 'recompute', kind: 'flag', help: 'less memory for more time' },
];

const pauseOptions: readonly CliOption[] = [
  {
    name: 'checkpoint-every',
    kind: 'number',
    value: 'N',
    help: 'writes a checkpoint every so many steps; Ctrl-C writes one in any case',
  },
  {
    name: 'save-state',
    kind: 'text',
    value: 'PATH',
    help: 'where checkpoints go (the output with .checkpoint at its end)',
  },
  { name: 'resume', kind: 'text', value: 'PATH', help: 'goes on from a checkpoint, with the same options' },
];

const outputOptions: readonly CliOption[] = [
  {
    name: 'output',
    short: 'o',
    kind: 'text',
    value: 'PATH.safetensors',
    required: true,
    help: 'where what was learned goes',
  },
  { name: 'loss-plot', kind: 'text', value: 'PATH.svg', help: 'draws the losses' },
  {
    name: 'samples-every',
    sets: 'sampleEvery',
    kind: 'number',
    value: 'N',
    help: 'makes sample animations every so many steps',
  },
  { name: 'sample-prompt', kind: 'text', value: 'TEXT', many: true, help: 'what they show' },
  { name: 'sample-steps', kind: 'number', value: 'N', help: "their denoising steps (the module's preset)" },
  { name: 'samples', kind: 'text', value: 'FOLDER', help: 'where they go (samples)' },
];

/** All options of `train`, but for those of the backend. */
export const trainCliOptions: readonly CliOption[] = [
  ...grouped('model', modelOptions),
  ...grouped('clips', clipOptions),
  ...grouped('training', stepOptions),
  ...grouped('stopping and going on', pauseOptions),
  ...grouped('output', outputOptions),
];

/** Where checkpoints go. */
export function statePath(values: CliValues): string {
  return values.text('save-state') ?? `${values.text('output') ?? ''}.checkpoint`;
}

/** What is wrong with the files' names and with samples. Looks at no file. */
export function trainProblems(values: CliValues): string[] {
  const ends = (name: string, ending: string): string[] => {
    const path = values.text(name);
    return path === undefined || path.toLowerCase().endsWith(ending)
      ? []
      : [`--${name}: '${path}' does not end in ${ending}`];
  };
  const prompts = values.texts('sample-prompt').length > 0;
  const every = values.texts('samples-every').length > 0;
  return [
    ...ends('output', '.safetensors'),
    ...ends('loss-plot', '.svg'),
    ...(every && !prompts ? ['--samples-every: needs --sample-prompt'] : []),
    ...['sample-prompt', 'sample-steps', 'samples']
      .filter((name) => values.texts(name).length > 0 && !every)
      .map((name) => `--${name}: needs --samples-every`),
  ];
}
