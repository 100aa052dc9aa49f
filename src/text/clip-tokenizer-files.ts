import { AnimateDiffError } from '../core/errors.js';
import type { ByteSource, ReadOptions } from '../core/source.js';
import { type ClipTokenizer, createClipTokenizer } from './clip-tokenizer.js';
import {
  type ClipVocabulary,
  clipEndToken,
  clipMaxLength,
  clipStartToken,
  parseMerges,
} from './clip-vocabulary.js';

/** The files of a `tokenizer` folder. */
export interface ClipTokenizerFiles {
  /** `vocab.json`: token to id. At most 16 MB. */
  readonly vocab: ByteSource;
  /** `merges.txt`: merges in rank order. At most 16 MB. */
  readonly merges: ByteSource;
  /** `tokenizer_config.json`: the special tokens and the length. CLIP's own without it. At most 1 MB. */
  readonly config?: ByteSource | undefined;
}

const largestVocabulary = 16_000_000;
const largestConfig = 1_000_000;
// Far above any CLIP; a longer text encoder than this is a broken file.
const longestPrompt = 4096;

/**
 * The tokenizer that a model folder brings along.
 * @throws `weights-format` when a file is too large, not UTF-8, or not what its name says; `weights-mismatch` when the
 * files contradict each other; `unsupported` when they are another model's tokenizer.
 */
export async function clipTokenizerFromFiles(
  files: ClipTokenizerFiles,
  options: ReadOptions = {},
): Promise<ClipTokenizer> {
  const vocab = await readText(files.vocab, largestVocabulary, options);
  const merges = await readText(files.merges, largestVocabulary, options);
  const config = files.config && (await readText(files.config, largestConfig, options));
  const vocabulary: ClipVocabulary = {
    name: files.vocab.name,
    ids: parseVocabulary(vocab, files.vocab.name),
    merges: parseMerges(merges, files.merges.name),
    ...parseConfig(config ?? '{}', files.config?.name ?? ''),
  };
  checkVocabulary(vocabulary, files.merges.name);
  return createClipTokenizer(vocabulary);
}

// A tokenizer's files are read once, so each is closed right after.
async function readText(source: ByteSource, limit: number, options: ReadOptions): Promise<string> {
  options.signal?.throwIfAborted();
  try {
    return await readWhole(source, limit, options);
  } finally {
    await source.close();
  }
}

async function readWhole(source: ByteSource, limit: number, options: ReadOptions): Promise<string> {
  const size = await source.size(options);
  if (size > limit) {
    throw new AnimateDiffError(
      'weights-format',
      `${source.name}: ${size} bytes; at most ${limit} are expected`,
    );
  }
  const bytes = await source.read(0, size, options);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AnimateDiffError('weights-format', `${source.name}: is not UTF-8 text`, { cause });
  }
}

function parseObject(text: string, name: string): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AnimateDiffError('weights-format', `${name}: is not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AnimateDiffError('weights-format', `${name}: expected a JSON object`);
  }
  return new Map(Object.entries(value));
}

function parseVocabulary(text: string, name: string): Map<string, number> {
  const entries = parseObject(text, name) as Map<string, number>;
  const seen = new Uint8Array(entries.size);
  for (const [token, id] of entries) {
    // Ids without gaps also bound what the tokenizer allocates.
    if (!Number.isInteger(id) || id < 0 || id >= entries.size || seen[id] === 1) {
      throw new AnimateDiffError(
        'weights-format',
        `${name}: token ${JSON.stringify(token)} has id ${JSON.stringify(id)}; ` +
          `expected each of 0 to ${entries.size - 1} once`,
      );
    }
    seen[id] = 1;
  }
  return entries;
}

function parseConfig(
  text: string,
  name: string,
): Pick<ClipVocabulary, 'start' | 'end' | 'pad' | 'maxLength'> {
  const config = parseObject(text, name);
  const kind = config.get('tokenizer_class');
  if (typeof kind === 'string' && !kind.startsWith('CLIPTokenizer')) {
    throw new AnimateDiffError('unsupported', `${name}: is for ${kind}; only CLIPTokenizer is supported`);
  }
  const token = (key: string, fallback: string): string => {
    const value = config.get(key);
    if (typeof value === 'string') return value;
    const content =
      typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : undefined;
    return typeof content === 'string' ? content : fallback;
  };
  const end = token('eos_token', clipEndToken);
  const length = config.get('model_max_length');
  // Tools write absurdly large numbers for "not set".
  const known =
    typeof length === 'number' && Number.isInteger(length) && length > 2 && length <= longestPrompt;
  return {
    start: token('bos_token', clipStartToken),
    end,
    pad: token('pad_token', end),
    maxLength: known ? length : clipMaxLength,
  };
}

function checkVocabulary({ name, ids, merges, start, end, pad }: ClipVocabulary, mergesName: string): void {
  for (const token of [start, end, pad]) {
    if (token === '' || !ids.has(token)) {
      throw new AnimateDiffError('weights-mismatch', `${name}: has no token ${JSON.stringify(token)}`);
    }
  }
  for (const merge of merges) {
    const [left, right] = merge.split(' ') as [string, string];
    const missing = [left, right, left + right].find((token) => !ids.has(token));
    if (missing !== undefined) {
      throw new AnimateDiffError(
        'weights-mismatch',
        `${mergesName}: the merge ${JSON.stringify(merge)} needs the token ${JSON.stringify(missing)}, ` +
          `which ${name} lacks; the two files belong to different models`,
      );
    }
  }
}
