import { asFloat32, type Float32Tensor, float32Tensor, type Tensor } from '../core/tensor.js';
import type { ClipTokenizer } from '../text/clip-tokenizer.js';
import type { ActiveAdapters } from './active-adapters.js';
import { type ComponentOptions, invalid } from './component-options.js';
import type { Networks } from './networks.js';
import type { OpenedModel } from './opened-model.js';
import { type PromptTokens, promptTokens } from './prompt-tokens.js';

/** Prompts to embeddings. */
export interface TextEncoder {
  /**
   * Embeddings `[prompts, 77, width]` (width 768 in SD 1.5) of texts, or of token ids that are already 77 long.
   * @param options `clipSkip`: how many of the last layers to leave out; default 0. A1111's "Clip skip 2" is 1 here.
   * @throws `invalid-options` for ids out of the vocabulary or of another length, or a `clipSkip` beyond the layers.
   */
  encode(
    prompts: readonly (string | ArrayLike<number | bigint>)[],
    options?: ComponentOptions & { clipSkip?: number | undefined },
  ): Promise<Float32Tensor>;
}

/** The text encoder of an opened model. */
export function textEncoder(
  model: OpenedModel,
  nets: Networks,
  tokenizer: ClipTokenizer,
  adapters: ActiveAdapters,
): TextEncoder {
  const { numHiddenLayers, maxPositionEmbeddings: length, vocabSize, hiddenSize } = model.textEncoder.config;
  const tokensOf = (
    prompt: string | ArrayLike<number | bigint>,
  ): Pick<PromptTokens, 'inserted'> & { ids: bigint[] } => {
    const tokens =
      typeof prompt === 'string'
        ? promptTokens(tokenizer, adapters.inversions(), prompt)
        : { ids: prompt, inserted: [] };
    const ids = Array.from(tokens.ids as ArrayLike<number | bigint>, BigInt);
    const bad = ids.find((id) => id < 0n || id >= vocabSize);
    if (ids.length !== length) invalid(`a prompt has ${ids.length} token ids, expected ${length}`);
    if (bad !== undefined) {
      invalid(
        `token id ${bad} is outside of the text encoder's vocabulary of ${vocabSize}; is the tokenizer the model's own?`,
      );
    }
    return { ids, inserted: tokens.inserted };
  };
  return {
    async encode(prompts, { clipSkip = 0, signal, onProgress } = {}) {
      if (!Number.isInteger(clipSkip) || clipSkip < 0 || clipSkip > numHiddenLayers) {
        invalid(`clipSkip: expected a whole number from 0 to ${numHiddenLayers}, got ${clipSkip}`);
      }
      const tokens = prompts.map(tokensOf);
      const ids = BigInt64Array.from(tokens.flatMap((each) => each.ids));
      const layer = BigInt64Array.of(BigInt(numHiddenLayers - clipSkip));
      const feeds: Record<string, Tensor> = {
        ids: { type: 'int64', shape: [prompts.length, length], data: ids },
        layer: { type: 'int64', shape: [1], data: layer },
        ...insertions(tokens, length, hiddenSize),
        ...adapters.feeds('text_encoder', 0),
      };
      return nets.use('text_encoder', { signal, onProgress }, async (session) =>
        asFloat32((await session.run(feeds, { signal }))['context'], 'context'),
      );
    },
  };
}

/** The `keep` and `inserted` inputs: 0 and the learned vector where one stands, 1 and zeros everywhere else. */
function insertions(
  prompts: readonly Pick<PromptTokens, 'inserted'>[],
  length: number,
  width: number,
): Record<string, Tensor> {
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
