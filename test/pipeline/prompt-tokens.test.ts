import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { textualInversion } from '../../src/adapters/adapter.js';
import { openTextualInversion, type TextualInversion } from '../../src/adapters/textual-inversion.js';
import { type PromptTokens, promptTokens } from '../../src/pipeline/prompt-tokens.js';
import type { ClipTokenizer } from '../../src/text/clip-tokenizer.js';
import { clipTokenizer } from '../../src/text/embedded-clip-tokenizer.js';
import { file, values } from '../adapters/files.js';

let tokenizer: ClipTokenizer;
beforeAll(async () => {
  tokenizer = await clipTokenizer();
});

function inversion(token: string, count = 1): Promise<TextualInversion> {
  const source = file({ emb_params: values(1, count, 8) });
  return openTextualInversion(textualInversion(source, { token }), { width: 8 });
}

/** The words between start and end, with the inserted ones as their token and number. */
function told({ ids, inserted }: PromptTokens): string[] {
  const end = ids.findIndex((id, i) => {
    const covered = inserted.some(({ at, inversion: { count } }) => i >= at && i < at + count);
    return !covered && id === tokenizer.endId;
  });
  const words: string[] = [];
  for (let i = 1; i < end; i++) {
    const here = inserted.find(({ at }) => at === i);
    if (here) i += here.inversion.count - 1;
    words.push(here ? `${here.inversion.token}×${here.inversion.count}` : tokenizer.decode([ids[i]!]).trim());
  }
  return words;
}

test('a prompt without learned words is that of the tokenizer', async () => {
  const one = await inversion('easynegative');
  for (const prompt of ['', 'a cat', 'easy negative', 'easynegatives', `${'cat '.repeat(80)}dog`]) {
    const { ids, truncated } = tokenizer.encodePrompt(prompt);
    expect(promptTokens(tokenizer, [one], prompt)).toEqual({ ids, truncated, inserted: [] });
  }
});

test('learned words take as many places as they have vectors', async () => {
  const inversions = [await inversion('ugly', 3), await inversion('<cat-toy>')];
  const tokens = promptTokens(tokenizer, inversions, 'photo of <cat-toy>, ugly, blurry');
  expect(told(tokens)).toEqual(['photo', 'of', '<cat-toy>×1', ',', 'ugly×3', ',', 'blurry']);
  expect(tokens.inserted.map(({ at }) => at)).toEqual([3, 5]);
  expect([tokens.ids.length, tokens.truncated]).toEqual([77, '']);
});

describe('a learned word counts', () => {
  test.each([
    ['in any case', 'a Bad-Hands 5', ['a', 'bad-hands×1', '5']],
    [
      "in ComfyUI's form",
      'a embedding:bad-hands, Embedding:BAD-HANDS',
      ['a', 'bad-hands×1', ',', 'bad-hands×1'],
    ],
    ['between signs', '(bad-hands:1)', ['(', 'bad-hands×1', ':', '1', ')']],
    [
      'not as a part of another',
      'bad-handset abad-hands',
      ['bad', '-', 'hand', 'set', 'ab', 'ad', '-', 'hands'],
    ],
    ['not with letters of other scripts beside it', 'ébad-hands', ['é', 'bad', '-', 'hands']],
  ])('%s', async (_, prompt, expected) => {
    const found = told(promptTokens(tokenizer, [await inversion('bad-hands')], prompt));
    expect(found.join(' ').replaceAll(' ', '')).toBe(expected.join(''));
    expect(found.filter((word) => word.includes('×'))).toEqual(expected.filter((word) => word.includes('×')));
  });

  test('however its signs would read in a pattern', async () => {
    for (const token of ['a.b', '(x)', '[y]*', '$z^', 'w|v', '\\d', 'c++', '-', '{1}', '?']) {
      const one = await inversion(token);
      expect([token, told(promptTokens(tokenizer, [one], `cat ${token} dog`))]).toEqual([
        token,
        ['cat', `${token}×1`, 'dog'],
      ]);
      expect(promptTokens(tokenizer, [one], 'aab y w v 5 cc').inserted).toEqual([]);
    }
  });

  test('as the longest that is there', async () => {
    const inversions = [await inversion('cat'), await inversion('cat-2'), await inversion('cat-2-b')];
    const { inserted } = promptTokens(tokenizer, inversions, 'cat-2-b cat-2 cat');
    expect(inserted.map(({ inversion: { token } }) => token)).toEqual(['cat-2-b', 'cat-2', 'cat']);
  });
});

describe('what does not fit', () => {
  const cats = (count: number): string => 'cat '.repeat(count);

  test('is told as it was written, from the first word on that has no room', async () => {
    const toy = await inversion('Toy', 2);
    const at = (prompt: string) => promptTokens(tokenizer, [toy], prompt).truncated;
    expect(at(`${cats(73)}Toy`)).toBe('');
    expect(at(`${cats(74)}Toy`)).toBe('Toy');
    expect(at(`${cats(74)}embedding:TOY  and  Toy`)).toBe('embedding:TOY  and  Toy');
    expect(at(`Toy ${cats(72)}antidisestablishment Toy`)).toBe('antidisestablishment Toy');
    expect(at(`Toy ${cats(73)}Dog Toy`)).toBe('Dog Toy');
  });

  test('leaves the end of the prompt where it ends', async () => {
    const toy = await inversion('toy', 2);
    const { ids, inserted } = promptTokens(tokenizer, [toy], `${cats(74)}toy dog`);
    expect(inserted).toEqual([]);
    expect([ids[74], ids[75], ids[76]]).toEqual([
      tokenizer.encode('cat')[0],
      tokenizer.endId,
      tokenizer.padId,
    ]);
  });

  test('may be a word that fills the prompt alone', async () => {
    const whole = await inversion('whole', 75);
    expect(told(promptTokens(tokenizer, [whole], 'whole'))).toEqual(['whole×75']);
    expect(promptTokens(tokenizer, [whole], 'a whole').truncated).toBe('whole');
  });
});

test('whatever the prompt, ids are complete and insertions lie inside, apart from each other', async () => {
  const inversions = [await inversion('ab', 3), await inversion('<x>'), await inversion('b-b', 20)];
  const word = fc.constantFrom('ab', '<x>', 'b-b', 'cat', ',', 'embedding:ab', 'AB<X>', '😀', ' ', 'abb');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), fc.constantFrom(' ', ''), (words, gap) => {
      const { ids, inserted } = promptTokens(tokenizer, inversions, words.join(gap));
      expect([ids.length, ids[0]]).toEqual([77, tokenizer.startId]);
      let free = 1;
      for (const {
        at,
        inversion: { count },
      } of inserted) {
        expect(at).toBeGreaterThanOrEqual(free);
        free = at + count;
      }
      expect(free).toBeLessThanOrEqual(76);
      expect(ids.slice(free)).toContain(tokenizer.endId);
    }),
    { numRuns: 200 },
  );
});
