import type { TextualInversion } from '../adapters/textual-inversion.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import type { ClipTokenizer } from '../text/clip-tokenizer.js';
import { applyEmphasis, type Emphasis } from '../text/emphasis.js';
import { invalid } from './component-options.js';
import { promptChunks } from './prompt-chunks.js';
import type { PromptOptions } from './prompt-options.js';
import { type PromptRow, promptRow } from './prompt-row.js';
import { promptTokens } from './prompt-tokens.js';

/** All prompts of a generation, ready for one run of the text encoder. */
export interface PromptBatch {
  /** `prompts × chunks` rows: all chunks of the first prompt, then those of the second, and so on. */
  readonly rows: readonly PromptRow[];
  /** Chunks of every prompt. */
  readonly chunks: number;
  /** For each prompt, the end that did not fit; `''` when all fitted. */
  readonly truncated: readonly string[];
}

/**
 * The tokens of all prompts that a generation uses: keyframes, and negative prompts too. All get as many chunks as the
 * longest, the others are filled up with empty ones, so that their embeddings can stand beside each other.
 * @throws `invalid-options`, see {@link promptTokens} and {@link promptChunks}.
 */
export function promptBatch(
  tokenizer: ClipTokenizer,
  inversions: readonly TextualInversion[],
  prompts: readonly string[],
  { promptSyntax, longPrompts = 'truncate', commaBacktrack }: PromptOptions = {},
): PromptBatch {
  if (longPrompts === 'truncate') {
    const rows = prompts.map((prompt) => promptTokens(tokenizer, inversions, prompt, promptSyntax));
    return { rows, chunks: 1, truncated: rows.map(({ truncated }) => truncated) };
  }
  const options = { promptSyntax, commaBacktrack };
  const each = equalChunks(
    tokenizer,
    prompts.map((prompt) => promptChunks(tokenizer, inversions, prompt, options)),
  );
  return { rows: each.flat(), chunks: each[0]?.length ?? 1, truncated: prompts.map(() => '') };
}

/** The chunks of prompts, filled up with empty ones to the number of the longest. */
export function equalChunks(
  tokenizer: ClipTokenizer,
  prompts: readonly (readonly PromptRow[])[],
): PromptRow[][] {
  const most = prompts.reduce((count, rows) => Math.max(count, rows.length), 0);
  return prompts.map((rows) => [
    ...rows,
    ...Array.from({ length: most - rows.length }, () => promptRow(tokenizer, [])),
  ]);
}

/**
 * The embeddings of a batch, weights applied chunk by chunk, as the UNet takes them.
 * @param encoded What the text encoder made of the batch's rows: `[prompts × chunks, 77, width]`. Not changed.
 * @returns `[prompts, chunks × 77, width]`; of the same memory when no prompt has weights.
 * @throws `invalid-options` when the embeddings are not those of as many rows.
 */
export function batchContext(
  encoded: Float32Tensor,
  { rows, chunks }: Pick<PromptBatch, 'rows' | 'chunks'>,
  emphasis: Emphasis = 'original',
): Float32Tensor {
  const [count, tokens, width] = encoded.shape;
  if (encoded.shape.length !== 3 || count !== rows.length || tokens === undefined || width === undefined) {
    invalid(`embeddings: expected [${rows.length}, tokens, width], got [${encoded.shape.join(', ')}]`);
  }
  const shape = [count / chunks, chunks * tokens, width];
  if (emphasis === 'ignore' || rows.every(({ weights }) => weights === undefined)) {
    return float32Tensor(encoded.data, shape);
  }
  const data = encoded.data.slice();
  const size = tokens * width;
  for (const [i, { weights }] of rows.entries()) {
    if (weights === undefined) continue;
    const chunk = float32Tensor(encoded.data.subarray(i * size, (i + 1) * size), [tokens, width]);
    data.set(applyEmphasis(chunk, weights, emphasis).data, i * size);
  }
  return float32Tensor(data, shape);
}
