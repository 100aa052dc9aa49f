import type { GenerateOptions, TravelPrompt } from '../index.js';
import type { CliOption, CliValues } from './options.js';
import { splitOnce } from './text-values.js';

/** Options for what to show. */
export const promptCliOptions: readonly CliOption[] = [
  { name: 'prompt', short: 'p', kind: 'text', value: 'TEXT', help: 'what to show' },
  {
    name: 'negative',
    short: 'n',
    sets: 'negativePrompt',
    kind: 'text',
    value: 'TEXT',
    help: 'what not to show',
  },
  {
    name: 'prompt-at',
    sets: 'prompt.',
    kind: 'text',
    value: 'FRAME=TEXT',
    many: true,
    help: 'what to show from a frame on: 16, -1 for the last, 50%; --prompt is frame 0',
  },
  {
    name: 'negative-at',
    sets: 'negativePrompt.',
    kind: 'text',
    value: 'FRAME=TEXT',
    many: true,
    help: 'the same of what not to show',
  },
  {
    name: 'travel-interpolation',
    sets: 'travel.interpolation',
    kind: 'text',
    choices: ['linear', 'spherical'],
    help: 'how one prompt changes into the next (linear)',
  },
  {
    name: 'travel-loop',
    sets: 'travel.loop',
    kind: 'flag',
    help: 'the last prompt changes back into the first',
  },
  { name: 'travel-prepend', sets: 'travel.prepend', kind: 'text', value: 'TEXT', help: 'before each prompt' },
  { name: 'travel-append', sets: 'travel.append', kind: 'text', value: 'TEXT', help: 'after each prompt' },
  {
    name: 'prompt-syntax',
    kind: 'text',
    choices: ['plain', 'weighted'],
    help: 'whether (word:1.3), [word] and BREAK mean something, as in A1111 (plain)',
  },
  {
    name: 'emphasis',
    kind: 'text',
    choices: ['original', 'noNorm', 'ignore'],
    help: 'what weights do to embeddings (original)',
  },
  {
    name: 'long-prompts',
    kind: 'text',
    choices: ['truncate', 'chunk'],
    help: 'whether more than 75 tokens are cut, or read in chunks (truncate)',
  },
  {
    name: 'comma-backtrack',
    kind: 'number',
    value: 'N',
    help: 'chunks end after a comma among so many last tokens (20)',
  },
  {
    name: 'clip-skip',
    kind: 'number',
    value: 'N',
    help: "last layers of the text encoder to leave out (0; A1111's number less 1)",
  },
];

/** What was asked for of them. */
export function promptOptions(
  values: CliValues,
): Pick<
  GenerateOptions,
  | 'prompt'
  | 'negativePrompt'
  | 'travel'
  | 'promptSyntax'
  | 'emphasis'
  | 'longPrompts'
  | 'commaBacktrack'
  | 'clipSkip'
> {
  const travel = {
    interpolation: values.text('travel-interpolation') as 'linear' | undefined,
    loop: values.flag('travel-loop') || undefined,
    prepend: values.text('travel-prepend'),
    append: values.text('travel-append'),
  };
  return {
    prompt: travelOf(values, 'prompt') ?? '',
    negativePrompt: travelOf(values, 'negative'),
    travel: Object.values(travel).some((value) => value !== undefined) ? travel : undefined,
    promptSyntax: values.text('prompt-syntax') as GenerateOptions['promptSyntax'],
    emphasis: values.text('emphasis') as GenerateOptions['emphasis'],
    longPrompts: values.text('long-prompts') as GenerateOptions['longPrompts'],
    commaBacktrack: values.number('comma-backtrack'),
    clipSkip: values.number('clip-skip'),
  };
}

/** What is wrong with the form of keyframes. Which frames there are is the library's to check. */
export function promptProblems(values: CliValues): string[] {
  return (['prompt', 'negative'] as const).flatMap((name) => {
    const option = `--${name}-at`;
    const seen = new Set(values.text(name) === undefined ? [] : ['0']);
    return values.texts(`${name}-at`).flatMap((text) => {
      const [frame] = splitOnce(text);
      if (!isKeyframe(text)) {
        return [`${option}: expected a frame and a text, such as "16=autumn", got '${text}'`];
      }
      if (!seen.has(frame)) {
        seen.add(frame);
        return [];
      }
      const other = frame === '0' && values.text(name) !== undefined ? `--${name}'s` : 'there twice';
      return [`${option}: frame ${frame} is ${other}; give each frame one text`];
    });
  });
}

function travelOf(values: CliValues, name: 'prompt' | 'negative'): TravelPrompt | undefined {
  const first = values.text(name);
  const keyframes = values.texts(`${name}-at`).filter(isKeyframe);
  if (keyframes.length === 0) return first;
  return Object.fromEntries([...(first === undefined ? [] : [['0', first]]), ...keyframes.map(splitOnce)]);
}

function isKeyframe(text: string): boolean {
  return /^\s*[^\s=][^=]*=/.test(text);
}
