import type { TextualInversion } from '../adapters/textual-inversion.js';
import type { ClipTokenizer } from '../text/clip-tokenizer.js';
import { tokenChunks } from '../text/token-chunks.js';
import { invalid } from './component-options.js';
import type { PromptOptions } from './prompt-options.js';
import { promptPieces } from './prompt-pieces.js';
import { type PromptRow, promptItems, promptRow } from './prompt-row.js';

/** More than people write, and few enough for cross-attention over all of them. */
const mostChunks = 64;

/**
 * The tokens of a whole prompt, however long, in rows of start, at most 75 tokens, end and padding.
 * @returns At least one row.
 * @throws `invalid-options` for a prompt of more than 64 chunks or too long to read, weights out of range, or a learned
 * word of more vectors than a chunk has places.
 */
export function promptChunks(
  tokenizer: ClipTokenizer,
  inversions: readonly TextualInversion[],
  prompt: string,
  { promptSyntax = 'plain', commaBacktrack = 20 }: Omit<PromptOptions, 'longPrompts'> = {},
): PromptRow[] {
  const capacity = tokenizer.maxLength - 2;
  if (!Number.isInteger(commaBacktrack) || commaBacktrack < 0 || commaBacktrack >= capacity) {
    invalid(`commaBacktrack: expected a whole number from 0 to ${capacity - 1}, got ${commaBacktrack}`);
  }
  const [commaId] = tokenizer.encode(',');
  const sections = promptPieces(prompt, inversions, promptSyntax).map((pieces) =>
    pieces.flatMap((piece) => {
      const { token, count } = piece.inversion ?? { token: '', count: 0 };
      if (count > capacity) {
        invalid(`prompt: '${token}' stands for ${count} vectors, but a chunk has ${capacity} places`);
      }
      return promptItems(tokenizer, piece, commaId);
    }),
  );
  const chunks = tokenChunks(sections, { capacity, commaBacktrack });
  if (chunks.length > mostChunks) {
    invalid(
      `prompt: '${prompt.slice(0, 40)}…' takes ${chunks.length} chunks of ${capacity} tokens; at most ${mostChunks} are accepted`,
    );
  }
  return chunks.map((items) => promptRow(tokenizer, items));
}
