import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ClipTokenizer, longestText } from '../../src/text/clip-tokenizer.js';
import { clipTokenizer } from '../../src/text/embedded-clip-tokenizer.js';

// Made with transformers' CLIPTokenizerFast of openai/clip-vit-large-patch14.
const cases: { prompt: string; ids: number[] }[] = JSON.parse(
  readFileSync(new URL('../fixtures/clip-tokenizer.json', import.meta.url), 'utf8'),
);

let tokenizer: ClipTokenizer;
beforeAll(async () => {
  tokenizer = await clipTokenizer();
});

describe('the built-in tokenizer', () => {
  test('is the vocabulary of CLIP', () => {
    expect(tokenizer).toMatchObject({
      vocabularySize: 49408,
      startId: 49406,
      endId: 49407,
      padId: 49407,
      maxLength: 77,
    });
  });

  test.each(cases)('reads $prompt as CLIP does', ({ prompt, ids }) => {
    expect(tokenizer.encode(prompt)).toEqual(ids);
  });

  test('merges like the textbook algorithm: always the pair that was learnt first, leftmost first', async () => {
    const merges = await embeddedMerges();
    const ranks = new Map(merges.map((merge, rank) => [merge, rank]));
    const ids = new Map(merges.map((merge, rank) => [merge.replace(' ', ''), 512 + rank]));
    const word = fc.string({ unit: fc.constantFrom(...'abcdeghilmnoprstuy'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(word, (text) => {
        expect(tokenizer.encode(text)).toEqual(
          naiveMerge(text, ranks).map((token) => ids.get(token) ?? byteId(token)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('refuses to start when cancelled', async () => {
    await expect(clipTokenizer({ signal: AbortSignal.abort('stop') })).rejects.toBe('stop');
  });
});

describe('a prompt', () => {
  test('is start, text, end, and padding up to 77', () => {
    const { ids, truncated } = tokenizer.encodePrompt('a photo of an astronaut');
    expect([...ids]).toEqual([49406, 320, 1125, 539, 550, 18376, ...Array(71).fill(49407)]);
    expect(truncated).toBe('');
  });

  test('may be empty', () => {
    expect([...tokenizer.encodePrompt('').ids]).toEqual([49406, ...Array(76).fill(49407)]);
  });

  test('fits with exactly 75 ids', () => {
    expect(tokenizer.encodePrompt('a '.repeat(75)).truncated).toBe('');
  });

  test('is cut after 75 ids, keeps the end id, and tells which words were dropped, as they were written', () => {
    const { ids, truncated } = tokenizer.encodePrompt(`${'a '.repeat(75)}  Big  RED dog, running`);
    expect(ids).toHaveLength(77);
    expect([ids[75], ids[76]]).toEqual([320, 49407]);
    expect(truncated).toBe('Big  RED dog, running');
  });

  test('reports a word that is cut in two as a whole', () => {
    expect(tokenizer.encodePrompt(`${'a '.repeat(74)}supercalifragilistic`).truncated).toBe(
      'supercalifragilistic',
    );
  });

  test('without spaces is cut between its words too', () => {
    expect(tokenizer.encodePrompt('cat,'.repeat(40)).truncated).toBe(`,${'cat,'.repeat(2)}`);
  });

  test('of any characters is read, with ids in range and nothing dropped unless it is too long', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 })
        .map((units) => String.fromCharCode(...units)),
      fc
        .array(
          fc.constantFrom(
            "'s",
            '<|',
            '|>',
            '<|endoftext|>',
            'İ',
            'ﬀ',
            'é',
            '\u0301',
            ' ',
            '7',
            'don’t',
            '\0',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (prompt) => {
        const content = tokenizer.encode(prompt);
        const { ids, truncated } = tokenizer.encodePrompt(prompt);
        expect(content.every((id) => Number.isInteger(id) && id >= 0 && id < 49408)).toBe(true);
        expect([...ids].slice(0, 76)).toEqual([49406, ...content, ...Array(77).fill(49407)].slice(0, 76));
        expect(ids[76]).toBe(49407);
        expect(truncated === '').toBe(content.length <= 75);
        expect(prompt).toContain(truncated);
      }),
      { numRuns: 500 },
    );
  });

  test.each(['a'.repeat(longestText), '!'.repeat(longestText), '<|'.repeat(longestText / 2)])(
    'of the longest text allowed does not stall (%#)',
    (prompt) => {
      expect(tokenizer.encodePrompt(prompt).truncated).not.toBe('');
    },
    20_000,
  );

  test('that is too long, or no text, is refused', () => {
    expect(() => tokenizer.encode('a'.repeat(longestText + 1))).toThrow(/100001 characters; at most 100000/);
    expect(() => tokenizer.encodePrompt(7 as never)).toThrow(/expected text, got number/);
  });
});

describe('decoding', () => {
  test('gives readable text without the special tokens', () => {
    const { ids } = tokenizer.encodePrompt('A corgi, on the beach! 日本語');
    expect(tokenizer.decode(ids)).toBe('a corgi , on the beach ! 日本語');
    expect(tokenizer.decode([])).toBe('');
  });

  test('and encoding again gives the same ids', () => {
    for (const { ids } of cases) {
      if (!ids.includes(49407)) expect(tokenizer.encode(tokenizer.decode(ids))).toEqual(ids);
    }
  });

  test.each([49408, -1, 1.5, Number.NaN])('refuses %d, which is no id', (id) => {
    expect(() => tokenizer.decode([320, id])).toThrow(/is not an id/);
  });
});

async function embeddedMerges(): Promise<string[]> {
  const { clipMerges } = await import('../../src/text/vocabulary/clip-merges.js');
  const { inflateRawSync } = await import('node:zlib');
  return inflateRawSync(Buffer.from(clipMerges, 'base64')).toString('utf8').split('\n');
}

function naiveMerge(word: string, ranks: Map<string, number>): string[] {
  const tokens = [...word];
  tokens[tokens.length - 1] += '</w>';
  for (;;) {
    let best = Number.POSITIVE_INFINITY;
    let at = -1;
    for (let i = 0; i + 1 < tokens.length; i++) {
      const rank = ranks.get(`${tokens[i]} ${tokens[i + 1]}`) ?? Number.POSITIVE_INFINITY;
      if (rank < best) [best, at] = [rank, i];
    }
    if (at < 0) break;
    tokens.splice(at, 2, `${tokens[at]}${tokens[at + 1]}`);
  }
  return tokens;
}

/** Printable ASCII is numbered from 0; at the end of a word from 256. */
function byteId(token: string): number {
  return token.charCodeAt(0) - 33 + (token.length > 1 ? 256 : 0);
}
