import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ByteSource } from '../../src/core/source.js';
import { clipTokenizerFromFiles } from '../../src/text/clip-tokenizer-files.js';

const folder = new URL('../fixtures/clip-tokenizer-tiny/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const source = (name: string, content: string | Uint8Array = read(name)): ByteSource => {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    kind: 'file',
    name,
    size: async () => bytes.length,
    read: async (offset, length) => bytes.slice(offset, offset + length),
    fingerprint: async () => undefined,
    close: async () => {},
  };
};
const vocab = source('vocab.json');
const merges = source('merges.txt');
const config = source('tokenizer_config.json');

describe('a tokenizer folder', () => {
  // Made with transformers' CLIPTokenizer on the same folder.
  const prompts: { prompt: string; ids: number[] }[] = JSON.parse(read('prompts.json'));

  test.each(prompts)('reads $prompt as the reference does', async ({ prompt, ids }) => {
    const tokenizer = await clipTokenizerFromFiles({ vocab, merges, config });
    expect([...tokenizer.encodePrompt(prompt).ids]).toEqual(ids);
  });

  test('needs no configuration when its special tokens are those of CLIP', async () => {
    const [plain, configured] = await Promise.all([
      clipTokenizerFromFiles({ vocab, merges }),
      clipTokenizerFromFiles({ vocab, merges, config }),
    ]);
    expect(plain.encodePrompt('a red star').ids).toEqual(configured.encodePrompt('a red star').ids);
  });

  test('may pad with another token, and write tokens as objects', async () => {
    const other = source('c.json', '{"pad_token": {"content": "!"}, "model_max_length": 1e30}');
    const tokenizer = await clipTokenizerFromFiles({ vocab, merges, config: other });
    expect(tokenizer.maxLength).toBe(77);
    expect(tokenizer.encodePrompt('').ids.slice(0, 4)).toEqual(
      Int32Array.of(tokenizer.startId, tokenizer.endId, 0, 0),
    );
  });

  test('takes a token called __proto__ for what it is', async () => {
    const text = read('vocab.json').trim();
    const size = Object.keys(JSON.parse(text)).length;
    const odd = source('vocab.json', `${text.slice(0, -1)}, "__proto__": ${size}}`);
    expect((await clipTokenizerFromFiles({ vocab: odd, merges })).vocabularySize).toBe(size + 1);
  });

  test('stops when cancelled', async () => {
    await expect(
      clipTokenizerFromFiles({ vocab, merges }, { signal: AbortSignal.abort('stop') }),
    ).rejects.toBe('stop');
  });
});

describe('broken files', () => {
  const huge: ByteSource = { ...vocab, size: async () => 1e12 };
  test.each<[string, Partial<{ vocab: ByteSource; merges: ByteSource; config: ByteSource }>, string, RegExp]>(
    [
      ['too large', { vocab: huge }, 'weights-format', /vocab.json: 1000000000000 bytes; at most/],
      [
        'not UTF-8',
        { vocab: source('vocab.json', Uint8Array.of(0xff, 0xfe)) },
        'weights-format',
        /not UTF-8/,
      ],
      ['not JSON', { vocab: source('vocab.json', '{') }, 'weights-format', /vocab.json: is not JSON/],
      ['deeply nested', { vocab: source('vocab.json', '['.repeat(1e6)) }, 'weights-format', /is not JSON/],
      ['not an object', { vocab: source('vocab.json', '[]') }, 'weights-format', /expected a JSON object/],
      [
        'an id out of range',
        { vocab: source('vocab.json', '{"a": 4e9}') },
        'weights-format',
        /"a" has id 4000000000/,
      ],
      [
        'an id that is text',
        { vocab: source('vocab.json', '{"a": "0"}') },
        'weights-format',
        /expected each of 0 to 0/,
      ],
      ['an id twice', { vocab: source('vocab.json', '{"a": 0, "b": 0}') }, 'weights-format', /"b" has id 0/],
      [
        'no special tokens',
        { vocab: source('vocab.json', '{"a": 0}') },
        'weights-mismatch',
        /no token "<|endoftext|>"/,
      ],
      [
        'merges that are not',
        { merges: source('merges.txt', 'a b c') },
        'weights-format',
        /line 1 should be two tokens/,
      ],
      [
        'other merges',
        { merges: source('merges.txt', '#version: 0.2\nq q\n') },
        'weights-mismatch',
        /needs the token "qq"/,
      ],
      [
        'an empty end token',
        { config: source('c.json', '{"eos_token": ""}') },
        'weights-mismatch',
        /no token ""/,
      ],
      [
        'another tokenizer',
        { config: source('c.json', '{"tokenizer_class": "T5Tokenizer"}') },
        'unsupported',
        /T5Tokenizer/,
      ],
    ],
  )('are refused with their name: %s', async (_, files, code, message) => {
    const result = clipTokenizerFromFiles({ vocab, merges, config, ...files });
    await expect(result).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
