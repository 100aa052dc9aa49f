import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { longestText } from '../../src/text/clip-tokenizer.js';
import { parsePromptWeights, type WeightedText } from '../../src/text/prompt-weights.js';

/** `text×weight` of each stretch, sections apart by `|`. */
function told(prompt: string): string {
  return parsePromptWeights(prompt)
    .map((section) => section.map(({ text, weight }) => `${text}×${Number(weight.toFixed(4))}`).join(' '))
    .join(' | ');
}

describe('a prompt', () => {
  test.each([
    ['a cat', 'a cat×1', 'without brackets is one stretch'],
    ['', '', 'may be empty'],
    ['an (important) word', 'an ×1 important×1.1  word×1', 'counts 1.1 times as much in brackets'],
    ['((very))', 'very×1.21', 'counts more in more brackets'],
    ['[less]', 'less×0.9091', 'counts less in square ones'],
    ['[[least]]', 'least×0.8264', 'counts less still in two'],
    ['(cat:1.3)', 'cat×1.3', 'may give the weight'],
    ['(cat: 0.5 )', 'cat×0.5', 'may have spaces around it'],
    ['(a:.5)(b:2.)(c:+2)(d:-1)(e:0)', 'a×0.5 bc×2 d×-1 e×0', 'has weights in any usual form'],
    ['(a (b:1.5) c:2)', 'a ×2 b×3  c×2', 'multiplies weights inside each other'],
    ['(a [b])', 'a ×1.1 b×1', 'can take one back by the other'],
    ['(one)(two)', 'onetwo×1.1', 'joins neighbours of equal weight'],
    ['()[](:2)', '', 'may have brackets around nothing'],
    ['(a [b) c]', 'a ×1.1 b×1  c×0.9091', 'may have brackets that cross'],
    [
      'a (((house:1.3)) [on] a (hill:0.5), sun, (((sky)))).',
      'a ×1 house×1.573  ×1.1 on×1  a ×1.1 hill×0.55 , sun, ×1.1 sky×1.4641 .×1',
      'may have all of it',
    ],
  ])('%j is %j: it %s', (prompt, expected) => {
    expect(told(prompt)).toBe(expected);
  });
});

describe('signs are text', () => {
  test.each([
    [String.raw`a \(b\) \[c\]`, 'a (b) [c]×1', 'when escaped'],
    [String.raw`(\(_\):1.5)`, '(_)×1.5', 'when escaped inside brackets'],
    [String.raw`\\(a)`, '\\×1 a×1.1', 'after an escaped escape only if escaped themselves'],
    [String.raw`\o/ \a\n`, String.raw`\o/ \a\n×1`, 'when no bracket follows the escape'],
    ['end\\', 'end\\×1', 'when the escape is the last sign'],
    ['a) b] c:1.3)', 'a) b] c:1.3)×1', 'when nothing was opened'],
    ['(a [b', '(a [b×1', 'when nothing closes'],
    [':( (cat)', ':( ×1 cat×1.1', 'when it has no partner, and the others count'],
    ['(a]', '(a]×1', 'when the partner is of the other kind'],
    ['(cat:1.2.3)', 'cat:1.2.3×1.1', 'when a weight is no number'],
    ['(cat:)(:dog)(1:2:)', 'cat::dog1:2:×1.1', 'when there is no weight'],
    ['(cat:1,5)', 'cat:1,5×1.1', 'when a weight has a comma'],
    ['[cat:1.3]', 'cat:1.3×0.9091', 'when a weight is in square brackets'],
    ['ratio 16:9, (at 3:2 pm)', 'ratio 16:9, ×1 at 3:2 pm×1.1', 'when no bracket follows the number'],
  ])('%s is %s: %s', (prompt, expected) => {
    expect(told(prompt)).toBe(expected);
  });
});

describe('BREAK', () => {
  test.each([
    ['a BREAK b', 'a ×1 |  b×1', 'ends a section'],
    ['a BREAK, b', 'a ×1 | , b×1', 'may have signs beside it'],
    ['(a BREAK b:2)', 'a ×2 |  b×2', 'leaves weights as they are'],
    ['BREAK', ' | ', 'may be all there is'],
    [
      'a break Break BREAKS _BREAK éBREAK BREAK1',
      'a break Break BREAKS _BREAK éBREAK BREAK1×1',
      'is a word alone, in capitals',
    ],
  ])('in %j gives %j: it %s', (prompt, expected) => {
    expect(told(prompt)).toBe(expected);
  });
});

test('what is written is read: any texts with any weights, and any nesting', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', ' ', ',', ':', '1', '.', '(', ')', '[', ']', '\\', '\n', '漢'),
    minLength: 1,
    maxLength: 12,
  });
  const weight = fc.integer({ min: -3000, max: 3000 }).map((thousandths) => thousandths / 1000);
  const literal = (plain: string): string => plain.replace(/[\\()[\]]/g, '\\$&');

  type Node = { text: string } | { kind: string; weight: number; children: Node[] };
  const { tree } = fc.letrec<{ tree: Node[]; node: Node }>((tie) => ({
    tree: fc.array(tie('node'), { maxLength: 4 }),
    node: fc.oneof(
      { depthSize: 'small' },
      fc.record({ text }),
      fc.record({ kind: fc.constantFrom('(', '[', ':'), weight, children: tie('tree') }),
    ),
  }));
  const written = (nodes: readonly Node[]): string =>
    nodes
      .map((node) => {
        if ('text' in node) return literal(node.text);
        const inner = written(node.children);
        if (node.kind === '[') return `[${inner}]`;
        // Text that ends like a weight would be taken for one, so the weight is always given.
        return `(${inner}:${node.kind === '(' ? 1.1 : node.weight})`;
      })
      .join('');
  const flat = (nodes: readonly Node[], factor: number): WeightedText[] =>
    nodes.flatMap((node) => {
      if ('text' in node) return [{ text: node.text, weight: factor }];
      const own = node.kind === '(' ? 1.1 : node.kind === '[' ? 1 / 1.1 : node.weight;
      return flat(node.children, factor * own);
    });
  const weightOfEach = (stretches: readonly WeightedText[]): [string, string][] =>
    stretches.flatMap(({ text: plain, weight: each }) =>
      [...plain].map((sign): [string, string] => [sign, (each + 0).toFixed(9)]),
    );

  fc.assert(
    fc.property(tree, (nodes) => {
      expect(weightOfEach(parsePromptWeights(written(nodes)).flat())).toEqual(weightOfEach(flat(nodes, 1)));
    }),
    { numRuns: 300 },
  );
});

test('of any prompt, neighbours differ in weight, no stretch is empty, and every word is there in order', () => {
  const part = fc.constantFrom(
    '(',
    ')',
    '[',
    ']',
    ':1.2)',
    ': 3',
    '\\',
    'BREAK',
    ' ',
    'cat',
    '\\(',
    '1',
    '.',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const prompt = parts.join('');
      const sections = parsePromptWeights(prompt);
      for (const section of sections) {
        expect(section.every(({ text }) => text !== '')).toBe(true);
        expect(section.every(({ weight }, i) => weight !== section[i + 1]?.weight)).toBe(true);
      }
      const text = sections.flat().map((stretch) => stretch.text);
      expect(text.join('').match(/cat/g)).toEqual(prompt.match(/cat/g));
    }),
    { numRuns: 500 },
  );
});

describe('a hostile prompt', () => {
  const filled = (part: string): string => part.repeat(Math.floor(longestText / part.length));
  const half = longestText / 2;

  test.each([
    filled('('),
    filled(')'),
    filled('(((((((((]'),
    `${'('.repeat(half)}${')'.repeat(half)}`,
    filled('[]()'),
    filled('(a)b'),
    filled(':'),
    filled(':1'),
    filled(': '),
    `:${' '.repeat(longestText - 1)}`,
    `(:${'1'.repeat(longestText - 2)}`,
    `(:1.${'1'.repeat(longestText - 4)}`,
    `(:1${' '.repeat(longestText - 3)}`,
    filled('\\'),
    filled('BREAK '),
    filled('BREAK'),
  ])('of the longest text allowed takes a moment (%#)', (prompt) => {
    const started = performance.now();
    parsePromptWeights(prompt);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test.each([
    `${'('.repeat(half - 1)}a${')'.repeat(half - 1)}`,
    '(cat:1e9)(cat:1001)',
    '(cat:-1001)',
    `(cat:${'9'.repeat(400)})`,
    `${'('.repeat(9000)}${'['.repeat(9000)}a${']'.repeat(9000)}${')'.repeat(9000)}`,
  ])('cannot give a weight out of all bounds (%#)', (prompt) => {
    expect(() => parsePromptWeights(prompt)).toThrow(
      expect.objectContaining({
        code: 'invalid-options',
        message: expect.stringMatching(/has weight .*; weights from -1000 to 1000 are accepted/),
      }),
    );
  });

  test('is refused when it is longer', () => {
    expect(() => parsePromptWeights('a'.repeat(longestText + 1))).toThrow(
      /100001 characters; at most 100000/,
    );
  });
});
