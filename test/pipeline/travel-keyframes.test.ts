import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnimateDiffError } from '../../src/core/errors.js';
import { travelKeyframes } from '../../src/pipeline/travel-keyframes.js';
import type { PromptKeyframe, TravelFrame } from '../../src/pipeline/travel-options.js';

describe('keyframes', () => {
  test('come from an object or a list, in any order, and are told in order', () => {
    const expected = [
      { frame: 0, prompt: 'spring' },
      { frame: 8, prompt: 'summer' },
      { frame: 15, prompt: 'winter' },
    ];
    expect(travelKeyframes({ 0: 'spring', 8: 'summer', '-1': 'winter' }, 16)).toEqual(expected);
    const list = [
      { frame: '100%', prompt: 'winter' },
      { frame: 8, prompt: 'summer' },
      { frame: -16, prompt: 'spring' },
    ];
    expect(travelKeyframes(list, 16)).toEqual(expected);
  });

  test('may be a text alone, which is one keyframe', () => {
    expect(travelKeyframes('a cat', 16)).toEqual([{ frame: 0, prompt: 'a cat' }]);
  });

  const at = (frame: TravelFrame, numFrames: number): number =>
    travelKeyframes([{ frame, prompt: '' }], numFrames)[0]!.frame;

  test.each<[TravelFrame, number]>([
    [0, 0],
    [-0, 0],
    ['0', 0],
    ['-0', 0],
    ['016', 16],
    [' 3 ', 3],
    [1, 1],
    ['1', 1],
    ['1.0', 20],
    ['0.5', 10],
    ['.25', 5],
    ['0.', 0],
    ['50%', 10],
    ['0%', 0],
    ['12.5%', 3],
    [-1, 20],
    ['-21', 0],
  ])('at %j of 21 frames are at frame %i', (key, frame) => {
    expect(Object.is(at(key, 21), frame)).toBe(true);
  });

  test('at any whole number or share are inside of the animation, and the same from both ends', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (frames, any, share) => {
          const frame = any % frames;
          expect([at(frame, frames), at(frame - frames, frames), at(String(frame), frames)]).toEqual(
            Array(3).fill(frame),
          );
          const found = at(share.toFixed(6), frames);
          expect(Math.abs(found - share * (frames - 1))).toBeLessThan(0.501);
          expect(Math.abs(at(`${(share * 100).toFixed(6)}%`, frames) - found)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe('text before and after', () => {
  const texts = (prompt: string, prepend?: string, append?: string): string =>
    travelKeyframes({ 0: prompt }, 1, { prepend, append })[0]!.prompt;

  test('stands at every keyframe, with one comma between', () => {
    expect(texts('a cat', 'best', 'detailed')).toBe('best, a cat, detailed');
    expect(texts(' , a cat, ', 'best,\n', ',, detailed ')).toBe('best, a cat, detailed ');
  });

  test('may be empty, and so may the prompt', () => {
    expect(texts(' a cat, ')).toBe(' a cat, ');
    expect(texts('a cat', '', ' ')).toBe('a cat');
    expect(texts('', 'best', 'detailed')).toBe('best, detailed');
    expect(texts('')).toBe('');
    expect(texts('a,', ', ')).toBe('a,');
  });

  test('of commas alone takes no time', () => {
    const prompt = ', '.repeat(50_000);
    expect(texts(prompt, `a${prompt}`, `${prompt}b`)).toBe('a, b');
  });
});

describe('refused are', () => {
  const message = (prompt: unknown, numFrames = 16): string => {
    try {
      travelKeyframes(prompt as never, numFrames, { name: 'negativePrompt' });
    } catch (error) {
      expect((error as AnimateDiffError).code).toBe('invalid-options');
      return (error as AnimateDiffError).message;
    }
    return '';
  };

  test.each<[string, unknown, string]>([
    ['none', {}, "negativePrompt: expected text, or at least one keyframe such as { 0: 'a cat' }"],
    ['an empty list', [], 'negativePrompt: expected text, or at least one keyframe'],
    ['anything else', 7, 'negativePrompt: expected text, or at least one keyframe'],
    ['null', null, 'negativePrompt: expected text, or at least one keyframe'],
    [
      'frames after the end',
      { 16: 'a' },
      'negativePrompt.16: the animation has frames 0 to 15 (-1 to -16 from the end), got 16',
    ],
    ['frames before the start', { '-17': 'a' }, 'negativePrompt.-17: the animation has frames 0 to 15'],
    ['shares beyond the end', { '1.5': 'a' }, 'negativePrompt.1.5: is beyond the last frame'],
    ['percents beyond the end', { '101%': 'a' }, 'negativePrompt.101%: is beyond the last frame'],
    ['negative shares', { '-0.5': 'a' }, 'negativePrompt.-0.5: expected a whole number, or a share'],
    ['words', { start: 'a' }, 'negativePrompt.start: expected a whole number'],
    ['empty keys', { '': 'a' }, 'negativePrompt.: expected a whole number'],
    [
      'shares as numbers',
      [{ frame: 0.5, prompt: 'a' }],
      "negativePrompt.0: expected a whole number, or a share of the animation as text, such as '0.5' or '50%', got 0.5",
    ],
    ['no number', [{ frame: Number.NaN, prompt: 'a' }], 'negativePrompt.0: expected a whole number'],
    ['null as a frame', [{ frame: null, prompt: 'a' }], 'negativePrompt.0: expected a whole number'],
    ['entries that are none', [null], 'negativePrompt.0: expected a whole number'],
    ['prompts that are no text', { 0: 7 }, 'negativePrompt.0: expected the prompt as text'],
    [
      'one frame twice',
      { '0': 'a', '0%': 'b' },
      "negativePrompt.0%: is frame 0, like '0'; give each frame one prompt",
    ],
  ])('%s', (_, prompt, expected) => {
    expect(message(prompt)).toContain(expected);
  });

  test('all at once, also as data', () => {
    const prompt: PromptKeyframe[] = [
      { frame: 99, prompt: 'a' },
      { frame: 0, prompt: 'b' },
      { frame: 0, prompt: 'c' },
    ];
    expect(() => travelKeyframes(prompt, 16)).toThrow(AnimateDiffError);
    try {
      travelKeyframes(prompt, 16);
    } catch (error) {
      const { issues } = (error as AnimateDiffError).details as { issues: { path: string }[] };
      expect(issues.map(({ path }) => path)).toEqual(['prompt.0', 'prompt.2']);
    }
  });
});
