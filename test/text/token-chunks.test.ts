import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChunkItem, tokenChunks } from '../../src/text/token-chunks.js';

interface Item extends ChunkItem {
  readonly sign: string;
}

/** A letter is a token, `,` a comma, a digit that many places in one. */
function items(text: string): Item[] {
  return [...text].map((sign) => ({ sign, comma: sign === ',', size: Number(sign) || 1 }));
}

/** The chunks of sections that `|` separates, in the same letters. */
function chunked(text: string, capacity: number, commaBacktrack: number): string {
  return tokenChunks(text.split('|').map(items), { capacity, commaBacktrack })
    .map((chunk) => chunk.map(({ sign }) => sign).join(''))
    .join('|');
}

describe('tokens', () => {
  test.each([
    ['', 5, 0, '', 'make one empty chunk of nothing'],
    ['abcde', 5, 3, 'abcde', 'fill a chunk to its end'],
    ['abcdefg', 5, 0, 'abcde|fg', 'go on in the next one'],
    ['a,bcdef', 5, 3, 'a,bcd|ef', 'do not go back to a far comma'],
    ['ab,cdef', 5, 3, 'ab,|cdef', 'go back to a near one'],
    ['a,b,cdef', 5, 5, 'a,b,|cdef', 'go back to the last of several'],
    ['abcd,e', 5, 3, 'abcd,|e', 'need not go back when the comma is the last'],
    ['ab,cd,e', 5, 3, 'ab,cd|,e', 'do not go back when a comma comes next'],
    ['ab,cdef', 5, 0, 'ab,cd|ef', 'never go back if so wanted'],
    ['ab,cdefghijk', 5, 3, 'ab,|cdefg|hijk', 'go back once for each comma'],
    ['a|b', 5, 3, 'a|b', 'begin a chunk after BREAK'],
    ['abcde|f', 5, 3, 'abcde|f', 'begin one chunk, not two, when BREAK is at the end of one'],
    ['a||b', 5, 3, 'a||b', 'leave a chunk empty between two'],
    ['|a', 5, 3, '|a', 'leave the first one empty'],
    ['a|', 5, 3, 'a', 'make no chunk of nothing at the end'],
    ['abc4d', 5, 0, 'abc|4d', 'stay together when they have to'],
    ['ab,cd4', 5, 3, 'ab,|cd|4', 'stay together after going back, too'],
    ['a5b', 5, 3, 'a|5|b', 'may fill a chunk'],
  ])('%j in chunks of %i, commas within %i, are %j: they %s', (text, capacity, backtrack, expected) => {
    expect(chunked(text, capacity, backtrack)).toBe(expected);
  });

  test('are all there in order, and a chunk ends only where it must, or after a near comma', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', '2', '7'), maxLength: 200 });
    const size = (chunk: string): number => items(chunk).reduce((sum, item) => sum + item.size, 0);
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 7, max: 12 }),
        fc.nat({ max: 6 }),
        (tokens, capacity, backtrack) => {
          const chunks = chunked(tokens, capacity, backtrack).split('|');
          expect(chunks.join('')).toBe(tokens);
          for (const [i, chunk] of chunks.entries()) {
            expect(size(chunk)).toBeLessThanOrEqual(capacity);
            const next = chunks[i + 1];
            if (next === undefined) continue;
            const full = size(chunk) + size(next[0]!) > capacity;
            const comma = chunk.endsWith(',') && capacity - size(chunk) < backtrack;
            expect(full || comma).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
