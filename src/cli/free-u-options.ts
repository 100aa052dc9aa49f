import type { FreeUOptions } from '../index.js';
import type { CliOption, CliValues } from './options.js';
import { numberList, readText, type TextValue, textProblems } from './text-values.js';

/** Options for FreeU. */
export const freeUCliOptions: readonly CliOption[] = [
  {
    name: 'free-u',
    kind: 'flag',
    help: 'weights what the network has worked out against what it copies: clearer shapes (off)',
  },
  {
    name: 'free-u-factors',
    sets: 'freeU.',
    kind: 'text',
    value: 'B1,B2,S1,S2',
    help: 'its factors, each 0 to 10 (1.5,1.6,0.9,0.2)',
  },
  {
    name: 'free-u-version',
    sets: 'freeU.version',
    kind: 'number',
    value: 'N',
    help: "1, diffusers', or 2, ComfyUI's FreeU_V2 (1)",
  },
];

const factors: TextValue<FreeUOptions> = {
  parse(text) {
    const numbers = numberList.parse(text) ?? [];
    const [b1, b2, s1, s2] = numbers;
    return numbers.length === 4 ? { b1, b2, s1, s2 } : undefined;
  },
  expected: 'expected four numbers B1,B2,S1,S2 such as 1.5,1.6,0.9,0.2',
};

/** What was asked for; `undefined` without any of them. */
export function freeUOf(values: CliValues): FreeUOptions | undefined {
  const given = readText(values, 'free-u-factors', factors);
  const version = values.number('free-u-version') as FreeUOptions['version'];
  return values.flag('free-u') || given || version !== undefined ? { ...given, version } : undefined;
}

/** What is wrong with their form; their values are the library's to check. */
export function freeUProblems(values: CliValues): string[] {
  return textProblems(values, ['free-u-factors'], factors);
}
