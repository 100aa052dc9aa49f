import { createReadStream } from 'node:fs';
import { type BatchJob, type BatchOptions, type GenerateOptions, randomSeed } from '../index.js';
import { generationProblems } from './generate-options.js';
import { type CliOption, type CliValues, UsageError } from './options.js';
import { numberList, readText, textProblems } from './text-values.js';

/** Options for many animations in one go. */
export const batchCliOptions: readonly CliOption[] = [
  {
    name: 'prompts-file',
    kind: 'text',
    value: 'PATH',
    help: 'an animation for each line: a prompt, or JSON such as {"prompt": "a cat", "seed": 3}',
  },
  { name: 'seeds', kind: 'text', value: 'N,N,…', help: 'an animation for each seed' },
  { name: 'count', kind: 'number', value: 'N', help: 'so many animations, --seed and those after it' },
  { name: 'keep-going', kind: 'flag', help: 'when one of them fails, go on with the next' },
];

/** What makes many animations of a single generation. */
export type CliBatch = Pick<BatchOptions, 'jobs' | 'seeds' | 'onError'>;

const mostBytes = 2 ** 24;
const mostAnimations = 10_000;

/** What is wrong with them. Looks at no file. */
export function batchProblems(values: CliValues): string[] {
  const given = (name: string): boolean => values.texts(name).length > 0 || values.flag(name);
  const clash = (name: string, others: readonly string[], why: string): string[] =>
    given(name) ? others.filter(given).map((other) => `--${name}: ${why}; leave out --${other}`) : [];
  const many = ['prompts-file', 'seeds', 'count'].filter(given);
  const count = values.number('count');
  return [
    ...textProblems(values, ['seeds'], numberList),
    ...(readText(values, 'seeds', numberList) ?? []).flatMap((seed) =>
      Number.isSafeInteger(seed) && seed >= 0 ? [] : [`--seeds: expected whole numbers from 0, got ${seed}`],
    ),
    ...(count === undefined || (Number.isInteger(count) && count >= 1 && count <= mostAnimations)
      ? []
      : [`--count: expected a whole number from 1 to ${mostAnimations}`]),
    ...clash('prompts-file', ['prompt', 'prompt-at'], 'has the prompts'),
    ...clash('seeds', ['seed', 'count'], 'has the seeds'),
    ...(many[0] === undefined ? [] : clash(many[0], ['save-state'], 'makes many animations')),
    ...(given('keep-going') && many.length === 0
      ? ['--keep-going: needs --prompts-file, --seeds or --count']
      : []),
  ];
}

/**
 * The animations that were asked for, `undefined` when it is one; each made with the `common` options.
 * @throws `UsageError` that tells every wrong line of the prompts' file.
 */
export async function batchOf(
  values: CliValues,
  { prompt, seed, ...common }: GenerateOptions,
  signal: AbortSignal,
): Promise<CliBatch | undefined> {
  const path = values.text('prompts-file');
  const seeds = seedsOf(values, seed);
  if (path === undefined && seeds === undefined) return undefined;
  const jobs = path === undefined ? [{ prompt }] : await readJobs(path, common, signal);
  const count = jobs.length * (seeds?.length ?? 1);
  if (count > mostAnimations) {
    throw new UsageError(`these are ${count} animations; make ${mostAnimations} at most in one go`);
  }
  const onError = values.flag('keep-going') ? 'continue' : 'stop';
  return { jobs, seeds: seeds ?? (seed === undefined ? undefined : [seed]), onError };
}

function seedsOf(values: CliValues, seed: number | undefined): number[] | undefined {
  const count = values.number('count');
  if (count === undefined) return readText(values, 'seeds', numberList);
  const first = seed ?? randomSeed();
  return Array.from({ length: count }, (_, i) => first + i);
}

async function readJobs(
  path: string,
  common: Partial<GenerateOptions>,
  signal: AbortSignal,
): Promise<BatchJob[]> {
  const lines = (await readLimited(path, signal)).split(/\r?\n/);
  const problems: string[] = [];
  const jobs = lines.flatMap((text, index): BatchJob[] => {
    const line = text.trim();
    if (line === '') return [];
    const job = line.startsWith('{') ? parsed(line) : { prompt: line };
    const found = job ? generationProblems({ ...common, ...job }, []) : ['expected JSON, or a prompt'];
    problems.push(...found.map((problem) => `--prompts-file: line ${index + 1}: ${problem}`));
    return job ? [job] : [];
  });
  if (jobs.length === 0 && problems.length === 0) problems.push(`--prompts-file: ${path} holds no prompt`);
  // Whoever gave the wrong file need not read all of it.
  if (problems.length > 20) problems.splice(20, Infinity, `… and ${problems.length - 20} more`);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return jobs;
}

function parsed(line: string): BatchJob | undefined {
  try {
    return JSON.parse(line) as BatchJob;
  } catch {
    return undefined;
  }
}

/** The text of a file or pipe that may be of any size. */
async function readLimited(path: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > mostBytes) throw new Error(`it is larger than ${mostBytes / 2 ** 20} MB`);
      chunks.push(chunk);
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new Error(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}
