import { asFloat32, type Float32Tensor, float32Tensor, type Tensor } from '../core/tensor.js';
import type { ClipTokenizer } from '../text/clip-tokenizer.js';
import type { ActiveAdapters } from './active-adapters.js';
import { type ComponentOptions, invalid } from './component-options.js';
import type { Networks } from './networks.js';
import type { OpenedModel } from './opened-model.js';
import type { PromptRow } from './prompt-row.js';
import { promptTokens } from './prompt-tokens.js';

/** Options of {@link TextEncoder}. */
export interface TextEncodeOptions extends ComponentOptions {
  /** How many of the last layers to leave out; default 0. A1111's "Clip skip 2" is 1 here. */
  clipSkip?: number | undefined;
}

/** One row of the text encoder's input: 77 ids, some of which vectors take the place of. */
export interface TextRow {
  /** Token ids, as many as the encoder has positions. */
  readonly ids: ArrayLike<number | bigint>;
  /** Learned vectors, and the position of the first of each. */
  readonly inserted: PromptRow['inserted'];
}

/** Prompts to embeddings. */
export interface TextEncoder {
  /**
   * Embeddings `[prompts, 77, width]` (width 768 in SD 1.5) of texts, or of token ids that are already 77 long.
   * @throws `invalid-options` for ids out of the vocabulary or of another length, or a `clipSkip` beyond the layers.
   */
  encode(
    prompts: readonly (string | ArrayLike<number | bigint>)[],
    options?: TextEncodeOptions,
  ): Promise<Float32Tensor>;
  /** The same of rows that were made before, `[rows, 77, width]`. */
  encodeRows(rows: readonly TextRow[], options?: TextEncodeOptions): Promise<Float32Tensor>;
}

/** The text encoder of an opened model. */
export function textEncoder(
  model: OpenedModel,
  nets: Networks,
  tokenizer: ClipTokenizer,
  adapters: ActiveAdapters,
): TextEncoder {
  const { numHiddenLayers, maxPositionEmbeddings: length, vocabSize, hiddenSize } = model.textEncoder.config;
  const rowOf = (prompt: string | ArrayLike<number | bigint>): TextRow =>
    typeof prompt === 'string'
      ? promptTokens(tokenizer, adapters.inversions(), prompt)
      : { ids: prompt, inserted: [] };
  const idsOf = (row: TextRow): bigint[] => {
    const ids = Array.from(row.ids as ArrayLike<number | bigint>, BigInt);
    const bad = ids.find((id) => id < 0n || id >= vocabSize);
    if (ids.length !== length) invalid(`a prompt has ${ids.length} token ids, expected ${length}`);
    if (bad !== undefined) {
      invalid(
        `token id ${bad} is outside of the text encoder's vocabulary of ${vocabSize}; is the tokenizer the model's own?`,
      );
    }
    return ids;
  };
  async function encodeRows(
    rows: readonly TextRow[],
    options: TextEncodeOptions = {},
  ): Promise<Float32Tensor> {
    const { clipSkip = 0, signal, onProgress } = options;
    if (!Number.isInteger(clipSkip) || clipSkip < 0 || clipSkip > numHiddenLayers) {
      invalid(`clipSkip: expected a whole number from 0 to ${numHiddenLayers}, got ${clipSkip}`);
    }
    const ids = BigInt64Array.from(rows.flatMap(idsOf));
    const layer = BigInt64Array.of(BigInt(numHiddenLayers - clipSkip));
    const feeds: Record<string, Tensor> = {
      ids: { type: 'int64', shape: [rows.length, length], data: ids },
      layer: { type: 'int64', shape: [1], data: layer },
      ...insertions(rows, length, hiddenSize),
      ...adapters.feeds('text_encoder', 0),
    };
    return nets.use('text_encoder', { signal, onProgress }, async (session) =>
      asFloat32((await session.run(feeds, { signal }))['context'], 'context'),
    );
  }
  return { encodeRows, encode: (prompts, options) => encodeRows(prompts.map(rowOf), options) };
}

/** The `keep` and `inserted` inputs: 0 and the learned vector where one stands, 1 and zeros everywhere else. */
function insertions(prompts: readonly TextRow[], length: number, width: number): Record<string, Tensor> {
  const keep = new Float32Array(prompts.length * length).fill(1);
  const inserted = new Float32Array(prompts.length * length * width);
  for (const [index, prompt] of prompts.entries()) {
    for (const { at, inversion } of prompt.inserted) {
      const place = index * length + at;
      keep.fill(0, place, place + inversion.count);
      inserted.set(inversion.vectors, place * width);
    }
  }
  return {
    keep: float32Tensor(keep, [prompts.length, length, 1]),
    inserted: float32Tensor(inserted, [prompts.length, length, width]),
  };
}
