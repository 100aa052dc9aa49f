import { AnimateDiffError } from '../core/errors.js';

/** All that a CLIP tokenizer needs to know. */
export interface ClipVocabulary {
  /** For errors: where it comes from. */
  readonly name: string;
  /** Token to id; the ids are 0 … size − 1, each used once. */
  readonly ids: ReadonlyMap<string, number>;
  /** Byte-pair merges in rank order, each `left right`. */
  readonly merges: readonly string[];
  /** Token put before every prompt, such as `<|startoftext|>`. */
  readonly start: string;
  /** Token put after every prompt, such as `<|endoftext|>`; also stands for what the vocabulary lacks. */
  readonly end: string;
  /** Token that fills the rest; the end token for Stable Diffusion 1.x. */
  readonly pad: string;
  /** Ids in an encoded prompt, start and end included. */
  readonly maxLength: number;
}

/** CLIP's start token. */
export const clipStartToken = '<|startoftext|>';
/** CLIP's end token. */
export const clipEndToken = '<|endoftext|>';
/** Positions of CLIP's text encoder. */
export const clipMaxLength = 77;

// Printable bytes keep their character; the others get one from U+0100 on, so that every byte is a visible character.
// Bytes in the order in which CLIP numbers them (openai/CLIP clip/simple_tokenizer.py, bytes_to_unicode).
const printableBytes = [
  [33, 126],
  [161, 172],
  [174, 255],
] as const;

/** The 256 characters that stand for bytes, in the order of their ids. */
function byteCharacters(): string[] {
  const printable = printableBytes.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  return Array.from({ length: 256 }, (_, index) =>
    String.fromCharCode(index < printable.length ? printable[index]! : 256 + index - printable.length),
  );
}

/**
 * Splits the text of a `merges.txt` (with or without its `#version` line) into merges.
 * @throws `weights-format` when a line is not two tokens with one space between them.
 */
export function parseMerges(text: string, name: string): string[] {
  const lines = text.split(/\r?\n/);
  const first = lines[0]?.startsWith('#version') ? 1 : 0;
  const merges: string[] = [];
  for (let line = first; line < lines.length; line++) {
    const merge = lines[line]!;
    if (merge === '') continue;
    if (!/^[^ ]+ [^ ]+$/.test(merge)) {
      throw new AnimateDiffError(
        'weights-format',
        `${name}: line ${line + 1} should be two tokens with one space between them; is this a merges.txt?`,
      );
    }
    merges.push(merge);
  }
  return merges;
}

/**
 * CLIP's vocabulary follows from its merges: the 256 bytes, the same at the end of a word, one token a merge, then the
 * start and end tokens (openai/CLIP clip/simple_tokenizer.py). Full CLIP has 48 894 merges, so 49 408 tokens.
 */
export function vocabularyFromMerges(merges: readonly string[], name: string): ClipVocabulary {
  const bytes = byteCharacters();
  const tokens = [
    ...bytes,
    ...bytes.map((byte) => `${byte}</w>`),
    ...merges.map((merge) => merge.replace(' ', '')),
    clipStartToken,
    clipEndToken,
  ];
  return {
    name,
    ids: new Map(tokens.map((token, id) => [token, id])),
    merges,
    start: clipStartToken,
    end: clipEndToken,
    pad: clipEndToken,
    maxLength: clipMaxLength,
  };
}
