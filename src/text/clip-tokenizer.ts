import { AnimateDiffError } from '../core/errors.js';
import { bytePairEncoder } from './byte-pair-encoder.js';
import type { ClipVocabulary } from './clip-vocabulary.js';

/** A prompt as CLIP's text encoder takes it. */
export interface EncodedPrompt {
  /** Start, at most `maxLength − 2` ids of the text, end, then padding: always `maxLength` ids (77). */
  readonly ids: Int32Array;
  /** The end of the prompt that did not fit, as it was written, from the first word cut; `''` when all fitted. */
  readonly truncated: string;
}

/**
 * Turns prompts into ids of CLIP's vocabulary. Text is brought to Unicode form NFC and lower case; white space only
 * separates. `<|startoftext|>` and `<|endoftext|>` written in a prompt become their ids.
 */
export interface ClipTokenizer {
  /** Number of ids: 49 408 for CLIP. */
  readonly vocabularySize: number;
  /** Id put before every prompt: 49 406 for CLIP. */
  readonly startId: number;
  /** Id put after every prompt: 49 407 for CLIP. */
  readonly endId: number;
  /** Id that fills a prompt up: the end id for Stable Diffusion 1.x. */
  readonly padId: number;
  /** Length of an encoded prompt: 77. */
  readonly maxLength: number;
  /**
   * The ids of the text alone: no start and end, no cut, no padding.
   * @throws `invalid-options` when the text is longer than {@link longestText}.
   */
  encode(text: string): number[];
  /**
   * The ids of one whole prompt, cut to fit. The end id is always there.
   * @throws `invalid-options` when the text is longer than {@link longestText}.
   */
  encodePrompt(text: string): EncodedPrompt;
  /**
   * Text that reads like the prompt of these ids: lower case, one space after each word, start and end left out.
   * @throws `invalid-options` when an id is not in the vocabulary.
   */
  decode(ids: Iterable<number>): string;
}

/** Longest text that is encoded, in UTF-16 units; more is refused, so that no input can stall the program. */
export const longestText = 100_000;

// Like the encoder's split, but on text as written, and never inside a word or between a letter and its accents: each
// of these pieces is one or several of the encoder's, so their ids can be counted one after the other.
const wordPattern =
  /<\|startoftext\|>|<\|endoftext\|>|'(?:s|t|re|ve|m|ll|d)|\p{L}[\p{L}\p{M}]*|\p{N}\p{M}*|[^\s\p{L}\p{N}]+/giu;

/**
 * A tokenizer for a vocabulary that has been checked: ids without gaps, and every merge's parts and start, end and pad
 * tokens among them.
 */
export async function createClipTokenizer(vocabulary: ClipVocabulary): Promise<ClipTokenizer> {
  const encoder = await bytePairEncoder(vocabulary);
  const { ids, maxLength } = vocabulary;
  const [startId, endId, padId] = [vocabulary.start, vocabulary.end, vocabulary.pad].map((token) =>
    ids.get(token),
  ) as [number, number, number];
  const encode = (text: string): number[] => encoder.encode(text, { add_special_tokens: false }).ids;

  return {
    vocabularySize: ids.size,
    startId,
    endId,
    padId,
    maxLength,
    encode(text) {
      checkLength(text);
      return encode(text);
    },
    encodePrompt(text) {
      checkLength(text);
      const content = encode(text);
      const room = maxLength - 2;
      const prompt = new Int32Array(maxLength).fill(padId);
      prompt[0] = startId;
      prompt.set(content.slice(0, room), 1);
      prompt[Math.min(content.length, room) + 1] = endId;
      return { ids: prompt, truncated: content.length > room ? overflow(text, room, encode) : '' };
    },
    decode(tokenIds) {
      const list = Array.from(tokenIds);
      const bad = list.find((id) => !Number.isInteger(id) || id < 0 || id >= ids.size);
      if (bad !== undefined) {
        throw new AnimateDiffError(
          'invalid-options',
          `decode: ${bad} is not an id of ${vocabulary.name}, which has 0 to ${ids.size - 1}`,
        );
      }
      if (list.length === 0) return '';
      return encoder.decode(list, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    },
  };
}

function checkLength(text: string): void {
  if (typeof text !== 'string') {
    throw new AnimateDiffError('invalid-options', `prompt: expected text, got ${typeof text}`);
  }
  if (text.length > longestText) {
    throw new AnimateDiffError(
      'invalid-options',
      `prompt: ${text.length} characters; at most ${longestText} are accepted (the model reads some 75 words)`,
    );
  }
}

/** The text from the first word on that has no room for all its ids, trimmed. For texts of more than `room` ids only. */
export function overflow(text: string, room: number, encode: (text: string) => number[]): string {
  let used = 0;
  let last = 0;
  for (const { 0: word, index } of text.matchAll(wordPattern)) {
    used += encode(word).length;
    last = index;
    if (used > room) break;
  }
  return text.slice(last).trim();
}
