import { readFile } from 'node:fs/promises';
import { decodeGenerationState, type GenerationState } from '../index.js';
import type { CliOption, CliValues } from './options.js';

/** Options for stopping and going on. */
export const pauseCliOptions: readonly CliOption[] = [
  {
    name: 'save-state',
    kind: 'text',
    value: 'PATH',
    help: 'keeps a file from which --resume goes on',
  },
  {
    name: 'save-every',
    sets: 'checkpointEvery',
    kind: 'number',
    value: 'N',
    help: 'steps between two such savings (1)',
  },
  {
    name: 'resume',
    kind: 'text',
    value: 'PATH',
    help: 'goes on from such a file, with the same model, adapters and scheduler',
  },
];

/** What is wrong with them, also with the options of a generation, which a saved one has already. */
export function pauseProblems(values: CliValues, generation: readonly CliOption[]): string[] {
  const given = ({ name }: CliOption): boolean => values.texts(name).length > 0 || values.flag(name);
  const every = values.number('save-every');
  const resumes = values.texts('resume').length > 0;
  return [
    ...(resumes || hasPrompt(values) ? [] : ['--prompt is needed']),
    ...(resumes ? generation.filter(given) : []).map(
      ({ name }) => `--${name}: the generation of --resume has its own; leave it out`,
    ),
    ...(every === undefined || (Number.isInteger(every) && every >= 1)
      ? []
      : ['--save-every: expected a whole number from 1']),
    ...(every === undefined || values.text('save-state') !== undefined
      ? []
      : ['--save-every: needs --save-state']),
  ];
}

function hasPrompt(values: CliValues): boolean {
  return ['prompt', 'prompt-at', 'prompts-file'].some((name) => values.texts(name).length > 0);
}

/** Steps between two savings; `undefined` when nothing is to be saved. */
export function saveEvery(values: CliValues): number | undefined {
  return values.text('save-state') === undefined ? undefined : (values.number('save-every') ?? 1);
}

/** The generation to go on with, if one was named. @throws When its file cannot be read, or `weights-format`. */
export async function resumedState(values: CliValues): Promise<GenerationState | undefined> {
  const path = values.text('resume');
  if (path === undefined) return undefined;
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new Error(`${path} cannot be read: ${cause.message}`, { cause });
  });
  // A plain array: a Buffer's `slice` is a view, not a copy.
  return decodeGenerationState(new Uint8Array(bytes));
}

/** The rate of a saved generation. */
export function fpsOf({ options }: GenerationState): number | undefined {
  const { fps } = options;
  return typeof fps === 'number' ? fps : undefined;
}
