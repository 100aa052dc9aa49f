import type { TextualInversion } from '../adapters/textual-inversion.js';
import type { ClipTokenizer } from '../text/clip-tokenizer.js';

/** Vectors that stand in a prompt in place of words' own embeddings. */
export interface InsertedVectors {
  /** Position of the first of them among the prompt's tokens, the start token counted. */
  readonly at: number;
  readonly inversion: TextualInversion;
}

/** A prompt as the text encoder takes it, learned words included. */
export interface PromptTokens {
  /** Start, text, end, padding: always the tokenizer's `maxLength`. */
  readonly ids: Int32Array;
  readonly inserted: readonly InsertedVectors[];
  /** The end of the prompt that did not fit, as it was written; `''` when all fitted. */
  readonly truncated: string;
}

type Piece = { readonly text: string } | { readonly text: string; readonly inversion: TextualInversion };

/**
 * The tokens of a prompt in which words may stand for learned vectors. A word counts in any case and only as a whole,
 * also in ComfyUI's form `embedding:word`. Its vectors take as many places as there are, and are never cut apart.
 */
export function promptTokens(
  tokenizer: ClipTokenizer,
  inversions: readonly TextualInversion[],
  prompt: string,
): PromptTokens {
  const pieces = inversions.length === 0 ? [] : piecesOf(prompt, inversions);
  if (!pieces.some((piece) => 'inversion' in piece)) {
    const { ids, truncated } = tokenizer.encodePrompt(prompt);
    return { ids, inserted: [], truncated };
  }
  const { maxLength, startId, endId, padId } = tokenizer;
  const ids = new Int32Array(maxLength).fill(padId);
  ids[0] = startId;
  const inserted: InsertedVectors[] = [];
  let next = 1;
  let truncated = '';
  for (const [index, piece] of pieces.entries()) {
    const room = maxLength - 1 - next;
    const rest = (): string =>
      pieces
        .slice(index + 1)
        .map(({ text }) => text)
        .join('');
    if ('inversion' in piece) {
      const { count } = piece.inversion;
      if (count > room) {
        truncated = piece.text + rest();
        break;
      }
      // Any id will do: its embedding is not used.
      ids.fill(endId, next, next + count);
      inserted.push({ at: next, inversion: piece.inversion });
      next += count;
      continue;
    }
    const words = tokenizer.encode(piece.text);
    ids.set(words.slice(0, room), next);
    next += Math.min(words.length, room);
    if (words.length > room) {
      truncated = cutText(tokenizer, piece.text, room) + rest();
      break;
    }
  }
  ids[next] = endId;
  return { ids, inserted, truncated: truncated.trim() };
}

function piecesOf(prompt: string, inversions: readonly TextualInversion[]): Piece[] {
  const byToken = new Map(inversions.map((inversion) => [inversion.token.toLowerCase(), inversion]));
  // The longest first, so that a word is not taken for a shorter one that it begins with.
  const words = [...byToken.keys()].sort((a, b) => b.length - a.length).map(escaped);
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}_])(?:embedding:)?(${words.join('|')})(?![\\p{L}\\p{N}_])`,
    'giu',
  );
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of prompt.matchAll(pattern)) {
    const inversion = byToken.get(match[1]!.toLowerCase());
    if (inversion === undefined) continue;
    pieces.push({ text: prompt.slice(end, match.index) }, { text: match[0], inversion });
    end = match.index + match[0].length;
  }
  pieces.push({ text: prompt.slice(end) });
  return pieces.filter(({ text }) => text !== '');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

/** The text from the first word on that has no room for all its tokens. */
function cutText(tokenizer: ClipTokenizer, text: string, room: number): string {
  let used = 0;
  for (const { 0: word, index } of text.matchAll(/\S+/g)) {
    used += tokenizer.encode(word).length;
    if (used > room) return text.slice(index);
  }
  return '';
}
