import type { ClipVocabulary } from './clip-vocabulary.js';

// The split of CLIP (openai/CLIP clip/simple_tokenizer.py), on text already in lower case.
const splitPattern = `'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+`;

/** What is used of the library's Tokenizer. */
export interface BytePairEncoder {
  /** Ids of a text, without special tokens unless asked for. */
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  /** Text of ids, at least one. */
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
}

/**
 * The library's tokenizer set up as CLIP's (docs/decisions/tokenizer.md). Loaded by the first call: reading a prompt is
 * the only thing that needs it.
 */
export async function bytePairEncoder(vocabulary: ClipVocabulary): Promise<BytePairEncoder> {
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const special = [vocabulary.start, vocabulary.end].map((content) => ({
    id: vocabulary.ids.get(content),
    content,
    special: true,
    normalized: false,
  }));
  // The shape of a tokenizer.json, with the settings of openai/clip-vit-large-patch14.
  const description = {
    added_tokens: special,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: splitPattern }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      unk_token: vocabulary.end,
      end_of_word_suffix: '</w>',
      vocab: Object.fromEntries(vocabulary.ids),
      merges: vocabulary.merges,
    },
  };
  return new Tokenizer(description, {}) as unknown as BytePairEncoder;
}
