import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { textualInversion } from '../../src/adapters/adapter.js';
import { openTextualInversion, type TextualInversion } from '../../src/adapters/textual-inversion.js';
import { promptChunks } from '../../src/pipeline/prompt-chunks.js';
import type { PromptRow } from '../../src/pipeline/prompt-row.js';
import type { ClipTokenizer } from '../../src/text/clip-tokenizer.js';
import { clipTokenizer } from '../../src/text/embedded-clip-tokenizer.js';
import { file, values } from '../adapters/files.js';

let tokenizer: ClipTokenizer;
beforeAll(async () => {
  tokenizer = await clipTokenizer();
});

const cats = (count: number): string => 'cat '.repeat(count);

function inversion(token: string, count: number): Promise<TextualInversion> {
  const source = file({ emb_params: values(1, count, 8) });
  return openTextualInversion(textualInversion(source, { token }), { width: 8 });
}

/** The ids between start and end. */
function content({ ids }: PromptRow): number[] {
  return [...ids.slice(1, ids.indexOf(tokenizer.endId))];
}

const lengths = (rows: readonly PromptRow[]): number[] => rows.map((row) => content(row).length);

describe('a long prompt', () => {
  test('is whole chunks of start, 75 tokens and end, and a last one with padding', () => {
    const rows = promptChunks(tokenizer, [], cats(160));
    const cat = tokenizer.encode('cat')[0]!;
    const { startId, endId, padId } = tokenizer;
    expect(rows.map(({ ids }) => [...ids])).toEqual([
      [startId, ...Array(75).fill(cat), endId],
      [startId, ...Array(75).fill(cat), endId],
      [startId, ...Array(10).fill(cat), endId, ...Array(65).fill(padId)],
    ]);
  });

  test('is cut after its last comma, where that is among the last 20 tokens of a chunk', () => {
    const prompt = (before: number): string => `${cats(before)}, ${cats(100 - before)}`;
    expect(lengths(promptChunks(tokenizer, [], prompt(55)))).toEqual([56, 45]);
    expect(lengths(promptChunks(tokenizer, [], prompt(54)))).toEqual([75, 26]);
    expect(lengths(promptChunks(tokenizer, [], prompt(74)))).toEqual([75, 26]);
    expect(lengths(promptChunks(tokenizer, [], prompt(54), { commaBacktrack: 21 }))).toEqual([55, 46]);
    expect(lengths(promptChunks(tokenizer, [], prompt(70), { commaBacktrack: 0 }))).toEqual([75, 26]);
  });

  test('keeps the vectors of a learned word together', async () => {
    const toy = await inversion('toy', 5);
    const at = (prompt: string) =>
      promptChunks(tokenizer, [toy], prompt).map(({ inserted }) => inserted.map((each) => each.at));
    expect(at(`${cats(70)}toy`)).toEqual([[71]]);
    expect(at(`${cats(71)}toy toy ${cats(3)}`)).toEqual([[], [1, 6]]);
    // The word moves on with what stands after the comma.
    expect(at(`toy ${cats(60)}, cat toy ${cats(10)}`)).toEqual([[1], [2]]);
  });

  test('is refused when it is beyond any use, or has a learned word longer than a chunk', async () => {
    expect(lengths(promptChunks(tokenizer, [], cats(64 * 75)))).toHaveLength(64);
    expect(() => promptChunks(tokenizer, [], cats(64 * 75 + 1))).toThrow(
      /'cat cat .*…' takes 65 chunks of 75 tokens; at most 64 are accepted/,
    );
    const wide = { ...(await inversion('wide', 1)), count: 76 };
    expect(() => promptChunks(tokenizer, [wide], 'a wide cat')).toThrow(
      /'wide' stands for 76 vectors, but a chunk has 75 places/,
    );
  });

  test.each([-1, 75, 1.5, Number.NaN])('refuses a way back of %d tokens', (commaBacktrack) => {
    expect(() => promptChunks(tokenizer, [], '', { commaBacktrack })).toThrow(
      /commaBacktrack: expected a whole number from 0 to 74/,
    );
  });
});

test('a prompt that fits is the one row that it is without chunks', () => {
  for (const prompt of ['', 'a cat', '(a) BREAK [b]', cats(75)]) {
    const { ids } = tokenizer.encodePrompt(prompt);
    expect(promptChunks(tokenizer, [], prompt)).toEqual([{ ids, inserted: [] }]);
  }
});

describe('in the weighted syntax', () => {
  const rows = (prompt: string, inversions: readonly TextualInversion[] = []): PromptRow[] =>
    promptChunks(tokenizer, inversions, prompt, { promptSyntax: 'weighted' });

  test('each token has its weight; start, end and padding have 1', () => {
    const [row] = rows('a (red:1.5) [house]');
    expect(content(row!)).toEqual(tokenizer.encode('a red house'));
    expect([...row!.weights!]).toEqual([1, 1, 1.5, Math.fround(1 / 1.1), ...Array(73).fill(1)]);
  });

  test('learned words have one weight for all of their vectors', async () => {
    const [row] = rows('a (toy:2) cat', [await inversion('toy', 3)]);
    expect(row!.inserted.map(({ at }) => at)).toEqual([2]);
    expect([...row!.weights!.slice(0, 7)]).toEqual([1, 1, 2, 2, 2, 1, 1]);
  });

  test('without any weights, a row has none', () => {
    expect(rows('a (cat:1)')).toEqual([{ ids: tokenizer.encodePrompt('a cat').ids, inserted: [] }]);
  });

  test('BREAK begins a new chunk', () => {
    expect(rows('a red BREAK (house) BREAK').map(content)).toEqual([
      tokenizer.encode('a red'),
      tokenizer.encode('house'),
    ]);
    expect(lengths(rows(`${cats(75)}BREAK cat`))).toEqual([75, 1]);
  });
});

test('whatever the prompt, no token is lost, and tokens, weights and insertions are in step', async () => {
  const inversions = [await inversion('ab', 3), await inversion('b-b', 20)];
  const word = fc.constantFrom(
    'ab',
    'b-b',
    'cat',
    ',',
    '(',
    ')',
    '[',
    ']',
    ':1.5)',
    'BREAK',
    '😀',
    'longish',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 150 }), fc.nat({ max: 74 }), (words, commaBacktrack) => {
      const prompt = words.join(' ');
      const options = { promptSyntax: 'weighted', commaBacktrack } as const;
      const chunks = promptChunks(tokenizer, inversions, prompt, options);
      const plain = words.filter((each) => each === 'cat').length;
      const [cat] = tokenizer.encode('cat');
      expect(chunks.flatMap(({ ids }) => [...ids]).filter((id) => id === cat)).toHaveLength(plain);
      const learned = words.filter((each) => each === 'ab' || each === 'b-b');
      expect(chunks.flatMap(({ inserted }) => inserted.map((each) => each.inversion.token))).toEqual(learned);
      for (const { ids, inserted, weights } of chunks) {
        expect([ids.length, ids[0], ids[76]]).toEqual([77, tokenizer.startId, tokenizer.endId]);
        if (weights) expect([weights.length, weights[0], weights[76]]).toEqual([77, 1, 1]);
        for (const { at, inversion: each } of inserted) {
          expect(at + each.count).toBeLessThanOrEqual(76);
          const own = weights?.slice(at, at + each.count);
          expect(own?.every((weight) => weight === own[0])).not.toBe(false);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test.each([['(a)b'.repeat(25_000)], ['a,'.repeat(50_000)], ['BREAK '.repeat(16_000)]])(
  'a hostile prompt is refused in a moment (%#)',
  (prompt) => {
    const started = performance.now();
    expect(() => promptChunks(tokenizer, [], prompt, { promptSyntax: 'weighted' })).toThrow(/chunks of 75/);
    expect(performance.now() - started).toBeLessThan(8000);
  },
);
