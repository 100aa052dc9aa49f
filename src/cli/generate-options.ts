import { type GenerateOptions, type SchedulerFactory, schedulerFromName, type Warning } from '../index.js';
import { resolveGenerateOptions } from '../pipeline/generate-options.js';
import { controlCliOptions, controlOptions } from './control-options.js';
import { issuesOf } from './option-issues.js';
import type { CliOption, CliValues } from './options.js';
import { schedulerNameProblems } from './scheduler-names.js';
import { contextCliOptions, contextOf } from './window-options.js';

/** Options for the size of what is made. */
export const sizeCliOptions: readonly CliOption[] = [
  { name: 'frames', sets: 'numFrames', kind: 'number', value: 'N', help: 'frames (16)' },
  { name: 'width', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (as the model was trained)' },
  { name: 'height', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (as the width)' },
];

/** Options of one generation. */
export const generationCliOptions: readonly CliOption[] = [
  { name: 'prompt', short: 'p', kind: 'text', value: 'TEXT', help: 'what to show' },
  {
    name: 'negative',
    short: 'n',
    sets: 'negativePrompt',
    kind: 'text',
    value: 'TEXT',
    help: 'what not to show',
  },
  ...sizeCliOptions,
  {
    name: 'steps',
    sets: 'numInferenceSteps',
    kind: 'number',
    value: 'N',
    help: "denoising steps (the module's preset)",
  },
  {
    name: 'guidance',
    sets: 'guidanceScale',
    kind: 'number',
    value: 'X',
    help: "strength of guidance (the module's preset)",
  },
  { name: 'seed', kind: 'number', value: 'N', help: 'the same seed makes the same frames (random)' },
  { name: 'fps', kind: 'number', value: 'N', help: 'frames a second (8)' },
  {
    name: 'clip-skip',
    kind: 'number',
    value: 'N',
    help: "last layers of the text encoder to leave out (0; A1111's number less 1)",
  },
  {
    name: 'guidance-batching',
    kind: 'text',
    choices: ['auto', 'batched', 'sequential'],
    help: 'both halves of guidance at once or not (auto)',
  },
  ...controlCliOptions,
  ...contextCliOptions,
];

/** Which sampler: not part of a saved generation, as the files are not. */
export const schedulerCliOption: CliOption = {
  name: 'scheduler',
  kind: 'text',
  value: 'NAME',
  help: "sampler, as this library, ComfyUI or A1111 calls it; see schedulers list (the module's preset)",
};

/** The size that was asked for. */
export function sizeOptions(values: CliValues): Pick<GenerateOptions, 'numFrames' | 'width' | 'height'> {
  return {
    numFrames: values.number('frames'),
    width: values.number('width'),
    height: values.number('height'),
  };
}

/** The generation that was asked for. */
export function generateOptions(values: CliValues): GenerateOptions {
  return {
    prompt: values.text('prompt') ?? '',
    negativePrompt: values.text('negative'),
    ...sizeOptions(values),
    numInferenceSteps: values.number('steps'),
    guidanceScale: values.number('guidance'),
    seed: values.number('seed'),
    fps: values.number('fps'),
    clipSkip: values.number('clip-skip'),
    guidanceBatching: values.text('guidance-batching') as GenerateOptions['guidanceBatching'],
    ...controlOptions(values),
    context: contextOf(values),
  };
}

/** The sampler that was asked for, for the model's own noise, and what to know about it; `undefined` for the preset's. */
export function schedulerOf(
  values: CliValues,
): { readonly scheduler: SchedulerFactory; readonly warnings: readonly Warning[] } | undefined {
  const name = values.text('scheduler');
  if (name === undefined) return undefined;
  return {
    scheduler: (noise) => schedulerFromName(name, { ...noise }).scheduler,
    warnings: schedulerFromName(name).warnings,
  };
}

/** What is wrong with the sampler's name. */
export function schedulerProblems(values: CliValues): string[] {
  const name = values.text('scheduler');
  return name === undefined ? [] : schedulerNameProblems(name).map((problem) => `--scheduler: ${problem}`);
}

/** What is wrong with them whatever the model: told before a model is loaded. */
export function generationProblems(options: GenerateOptions, table: readonly CliOption[]): string[] {
  // The multiple depends on the model's VAE: here any size will do, the pipeline checks the rest.
  const any = { numFrames: 1, size: 8, sizeMultiple: 1, numInferenceSteps: 1, guidanceScale: 1 };
  return issuesOf(() => resolveGenerateOptions(options, any), table);
}
