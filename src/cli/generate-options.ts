import { type GenerateOptions, type SchedulerFactory, schedulerFromName, type Warning } from '../index.js';
import { resolveGenerateOptions } from '../pipeline/generate-options.js';
import { controlCliOptions, controlOptions } from './control-options.js';
import { issuesOf } from './option-issues.js';
import { type CliOption, type CliValues, grouped } from './options.js';
import { noiseInjectionOf, pictureCliOptions } from './picture-options.js';
import { promptCliOptions, promptOptions } from './prompt-options.js';
import { schedulerNameProblems } from './scheduler-names.js';
import { splitOnce } from './text-values.js';
import { contextCliOptions, contextOf } from './window-options.js';

/** Options for the size of what is made. */
export const sizeCliOptions: readonly CliOption[] = [
  { name: 'frames', sets: 'numFrames', kind: 'number', value: 'N', help: 'frames (16)' },
  { name: 'width', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (as the model was trained)' },
  { name: 'height', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (as the width)' },
];

/** Options of one generation. */
export const generationCliOptions: readonly CliOption[] = [
  ...grouped('prompts', promptCliOptions),
  ...grouped('size and steps', [
    ...sizeCliOptions,
    {
      name: 'steps',
      sets: 'numInferenceSteps',
      kind: 'number',
      value: 'N',
      help: "denoising steps (the module's preset)",
    },
    { name: 'seed', kind: 'number', value: 'N', help: 'the same seed makes the same frames (random)' },
    { name: 'fps', kind: 'number', value: 'N', help: 'frames a second (8)' },
  ]),
  ...grouped('pictures and noise on the way', pictureCliOptions),
  ...grouped('windows', contextCliOptions),
  ...controlCliOptions,
];

/** Which sampler: not part of a saved generation, as the files are not. */
export const schedulerCliOptions: readonly CliOption[] = [
  {
    name: 'scheduler',
    kind: 'text',
    value: 'NAME',
    help: "sampler, as this library, ComfyUI or A1111 calls it; see schedulers list (the module's preset)",
  },
  {
    name: 'scheduler-option',
    kind: 'text',
    value: 'NAME=VALUE',
    many: true,
    help: 'an option of it, such as eta=1, order=3 or timestepSpacing=trailing',
  },
];

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
    ...promptOptions(values),
    ...sizeOptions(values),
    numInferenceSteps: values.number('steps'),
    seed: values.number('seed'),
    fps: values.number('fps'),
    noiseInjection: noiseInjectionOf(values),
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
  const given = schedulerSettings(values);
  return {
    scheduler: (noise) => schedulerFromName(name, { ...noise, ...given }).scheduler,
    warnings: schedulerFromName(name, given).warnings,
  };
}

/** What is wrong with the sampler's name and options. */
export function schedulerProblems(values: CliValues): string[] {
  const name = values.text('scheduler');
  const settings = values.texts('scheduler-option');
  const formless = settings.filter((text) => !/^\s*\w+\s*=/.test(text));
  if (formless.length > 0) {
    return formless.map(
      (text) => `--scheduler-option: expected a name and a value, such as eta=1, got '${text}'`,
    );
  }
  if (name === undefined) return settings.length === 0 ? [] : ['--scheduler-option: needs --scheduler'];
  const unknown = schedulerNameProblems(name);
  if (unknown.length > 0) return unknown.map((problem) => `--scheduler: ${problem}`);
  return issuesOf(() => schedulerFromName(name, schedulerSettings(values)), []).map(
    (problem) => `--scheduler-option: ${problem}`,
  );
}

/** Values are JSON, numbers and lists say, or else text. */
function schedulerSettings(values: CliValues): object {
  const settings = values.texts('scheduler-option').map((each) => {
    const [name, text] = splitOnce(each);
    try {
      return [name, JSON.parse(text) as unknown] as const;
    } catch {
      return [name, text] as const;
    }
  });
  return Object.fromEntries(settings);
}

/** What is wrong with them whatever the model: told before a model is loaded. */
export function generationProblems(options: GenerateOptions, table: readonly CliOption[]): string[] {
  // The multiple depends on the model's VAE: here any size will do, the pipeline checks the rest.
  const any = { numFrames: 16, size: 8, sizeMultiple: 1, numInferenceSteps: 1, guidanceScale: 1 };
  return issuesOf(() => resolveGenerateOptions(options, any), table);
}
