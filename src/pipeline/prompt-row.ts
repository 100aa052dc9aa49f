import type { TextualInversion } from '../adapters/textual-inversion.js';
import type { ClipTokenizer } from '../text/clip-tokenizer.js';
import type { ChunkItem } from '../text/token-chunks.js';
import type { PromptPiece } from './prompt-pieces.js';

/** Vectors that stand in a prompt in place of words' own embeddings. */
export interface InsertedVectors {
  /** Position of the first of them among the prompt's tokens, the start token counted. */
  readonly at: number;
  /** Whose vectors. */
  readonly inversion: TextualInversion;
}

/** One row of the text encoder's input. */
export interface PromptRow {
  /** Start, text, end, padding: always the tokenizer's `maxLength`. */
  readonly ids: Int32Array;
  readonly inserted: readonly InsertedVectors[];
  /** A factor for the embedding of each id; absent when all are 1. */
  readonly weights?: Float32Array | undefined;
}

/** A token, or the vectors of one textual inversion, which stay together. */
export interface PromptItem extends ChunkItem {
  /** The token; for vectors any id will do, for its embedding is not used. */
  readonly id: number;
  readonly weight: number;
  readonly inversion?: TextualInversion | undefined;
}

/** The items of a piece of a prompt. @param commaId The token of a comma, where commas matter. */
export function promptItems(
  tokenizer: ClipTokenizer,
  { text, weight, inversion }: PromptPiece,
  commaId?: number | undefined,
): PromptItem[] {
  if (inversion !== undefined) {
    return [{ id: tokenizer.endId, size: inversion.count, comma: false, weight, inversion }];
  }
  return tokenizer.encode(text).map((id) => ({ id, size: 1, comma: id === commaId, weight }));
}

/** The row of items that fit in it together. */
export function promptRow(tokenizer: ClipTokenizer, items: readonly PromptItem[]): PromptRow {
  const { maxLength, startId, endId, padId } = tokenizer;
  const ids = new Int32Array(maxLength).fill(padId);
  const weights = new Float32Array(maxLength).fill(1);
  const inserted: InsertedVectors[] = [];
  ids[0] = startId;
  let next = 1;
  for (const { id, size, weight, inversion } of items) {
    ids.fill(id, next, next + size);
    weights.fill(weight, next, next + size);
    if (inversion !== undefined) inserted.push({ at: next, inversion });
    next += size;
  }
  ids[next] = endId;
  const plain = weights.every((weight) => weight === 1);
  return plain ? { ids, inserted } : { ids, inserted, weights };
}
