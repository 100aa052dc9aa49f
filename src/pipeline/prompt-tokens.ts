import type { TextualInversion } from '../adapters/textual-inversion.js';
import { type ClipTokenizer, overflow } from '../text/clip-tokenizer.js';
import type { PromptSyntax } from './prompt-options.js';
import { type PromptPiece, promptPieces } from './prompt-pieces.js';
import { type PromptItem, type PromptRow, promptItems, promptRow } from './prompt-row.js';

export type { InsertedVectors } from './prompt-row.js';

/** A prompt as the text encoder takes it, learned words included. */
export interface PromptTokens extends PromptRow {
  /**
   * The end of the prompt that did not fit, as it was written; `''` when all fitted. Brackets and escapes of weights
   * are not among the words.
   */
  readonly truncated: string;
}

/**
 * The tokens of a prompt that is cut to fit. A word may stand for learned vectors: it counts in any case and only as a
 * whole, also in ComfyUI's form `embedding:word`. Its vectors take as many places as there are, and are never cut apart.
 * @throws `invalid-options` for a prompt that is too long to read, or weights out of range.
 */
export function promptTokens(
  tokenizer: ClipTokenizer,
  inversions: readonly TextualInversion[],
  prompt: string,
  syntax: PromptSyntax = 'plain',
): PromptTokens {
  const pieces = joinSections(promptPieces(prompt, inversions, syntax));
  if (syntax === 'plain' && pieces.every(({ inversion }) => inversion === undefined)) {
    return { ...tokenizer.encodePrompt(prompt), inserted: [] };
  }
  const capacity = tokenizer.maxLength - 2;
  const items: PromptItem[] = [];
  let used = 0;
  for (const [index, piece] of pieces.entries()) {
    const before = used;
    for (const item of promptItems(tokenizer, piece)) {
      if (used + item.size > capacity) {
        const cut = cutText(tokenizer, piece, capacity - before);
        const rest = pieces.slice(index + 1).map(({ text }) => text);
        return { ...promptRow(tokenizer, items), truncated: [cut, ...rest].join('').trim() };
      }
      items.push(item);
      used += item.size;
    }
  }
  return { ...promptRow(tokenizer, items), truncated: '' };
}

function joinSections(sections: readonly PromptPiece[][]): PromptPiece[] {
  return sections.flatMap((section, i) => (i === 0 ? section : [{ text: ' ', weight: 1 }, ...section]));
}

/** The end of a piece from the first word on that has no room for all its tokens. */
function cutText(tokenizer: ClipTokenizer, { text, inversion }: PromptPiece, room: number): string {
  if (inversion !== undefined) return text;
  const cut = overflow(text, room, (word) => tokenizer.encode(word));
  return text.slice(text.trimEnd().length - cut.length);
}
