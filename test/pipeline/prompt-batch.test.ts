import { beforeAll, describe, expect, test } from 'vitest';
import { float32Tensor } from '../../src/core/tensor.js';
import { batchContext, equalChunks, promptBatch } from '../../src/pipeline/prompt-batch.js';
import { promptTokens } from '../../src/pipeline/prompt-tokens.js';
import type { ClipTokenizer } from '../../src/text/clip-tokenizer.js';
import { clipTokenizer } from '../../src/text/embedded-clip-tokenizer.js';
import { applyEmphasis } from '../../src/text/emphasis.js';
import { values } from '../adapters/files.js';

let tokenizer: ClipTokenizer;
beforeAll(async () => {
  tokenizer = await clipTokenizer();
});

const cats = (count: number): string => 'cat '.repeat(count);

describe('the prompts of a generation', () => {
  test('are read as ever by default: brackets are text, what is too long is cut and told', () => {
    const prompts = ['a (cat:1.2)', `${cats(74)}big dog`];
    const { rows, chunks, truncated } = promptBatch(tokenizer, [], prompts);
    expect(rows.map(({ ids }) => ids)).toEqual(prompts.map((prompt) => tokenizer.encodePrompt(prompt).ids));
    expect([chunks, truncated]).toEqual([1, ['', 'dog']]);
    expect(rows.every(({ weights }) => weights === undefined)).toBe(true);
  });

  test('have as many chunks as the longest, the others filled up with empty ones', () => {
    const { rows, chunks, truncated } = promptBatch(tokenizer, [], ['bad', cats(160), ''], {
      longPrompts: 'chunk',
    });
    expect([rows.length, chunks, truncated]).toEqual([9, 3, ['', '', '']]);
    const { ids: empty } = tokenizer.encodePrompt('');
    expect(rows[0]!.ids).toEqual(tokenizer.encodePrompt('bad').ids);
    for (const i of [1, 2, 6, 7, 8]) expect(rows[i]).toEqual({ ids: empty, inserted: [] });
  });

  test('may be none', () => {
    expect(promptBatch(tokenizer, [], [], { longPrompts: 'chunk' })).toEqual({
      rows: [],
      chunks: 1,
      truncated: [],
    });
    expect(equalChunks(tokenizer, [])).toEqual([]);
  });
});

describe('their embeddings', () => {
  const width = 4;
  const encoded = (rows: number) => float32Tensor(values(3, rows * 77 * width).data, [rows, 77, width]);

  test('are those of their chunks, one after the other', () => {
    const batch = promptBatch(tokenizer, [], [cats(100), 'dog'], { longPrompts: 'chunk' });
    const { shape, data } = batchContext(encoded(4), batch);
    expect(shape).toEqual([2, 154, width]);
    expect(data).toEqual(encoded(4).data);
  });

  test('have the weights of each chunk applied on its own', () => {
    const options = { promptSyntax: 'weighted', longPrompts: 'chunk' } as const;
    const batch = promptBatch(tokenizer, [], ['a (cat:1.5) BREAK dog', 'x'], options);
    const { data } = batchContext(encoded(4), batch);
    const size = 77 * width;
    const first = float32Tensor(encoded(4).data.slice(0, size), [77, width]);
    const weights = Array(77).fill(1).with(2, 1.5);
    expect(data.slice(0, size)).toEqual(applyEmphasis(first, weights).data);
    expect(data.slice(size)).toEqual(encoded(4).data.slice(size));
    const noNorm = batchContext(encoded(4), batch, 'noNorm').data;
    expect(noNorm.slice(0, size)).toEqual(applyEmphasis(first, weights, 'noNorm').data);
    expect(batchContext(encoded(4), batch, 'ignore').data).toEqual(encoded(4).data);
  });

  test('of another number of rows are refused', () => {
    const batch = promptBatch(tokenizer, [], ['a', 'b']);
    expect(() => batchContext(encoded(3), batch)).toThrow('expected [2, tokens, width], got [3, 77, 4]');
  });
});

describe('in the weighted syntax without chunks', () => {
  const read = (prompt: string) => promptTokens(tokenizer, [], prompt, 'weighted');

  test('tokens have weights, and BREAK is a gap', () => {
    const { ids, weights, truncated } = read('a (red:2)BREAK\\(house\\)');
    expect(ids).toEqual(tokenizer.encodePrompt('a red (house)').ids);
    expect([...weights!.slice(0, 5)]).toEqual([1, 1, 2, 1, 1]);
    expect(truncated).toBe('');
  });

  test('the words that do not fit are told as the model would have read them', () => {
    expect(read(`${cats(74)}(big:1.2) Dog, (red) \\(House\\)`).truncated).toBe('Dog, red (House)');
    expect(read(`${cats(74)}(two words:1.2), more`).truncated).toBe('words, more');
    expect(read(`(${cats(73)})a,b,c`).truncated).toBe('b,c');
    expect(read(`${cats(75)}BREAK Dog`).truncated).toBe('Dog');
  });

  test('without any brackets it is the same prompt', () => {
    for (const prompt of ['', 'a cat', 'cat,'.repeat(40), `${cats(74)}supercalifragilistic and`]) {
      expect(read(prompt)).toEqual(promptTokens(tokenizer, [], prompt));
    }
  });
});
