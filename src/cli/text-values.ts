import type { CliValues } from './options.js';

/** Text of an option that stands for more than one number. */
export interface TextValue<T> {
  /** `undefined` when the text is none. */
  parse(text: string): T | undefined;
  /** What was expected, for errors. */
  readonly expected: string;
}

/** An amount for everything, one a frame, or either by block. */
type Amounts = number | number[];

/** `1,2.5,3`. */
export const numberList: TextValue<number[]> = {
  parse(text) {
    const numbers = text.split(',').map(numberOf);
    return numbers.every((number) => number !== undefined) ? numbers : undefined;
  },
  expected: 'expected numbers such as 1,2,3',
};

/** `0.2,0.8`. */
export const interval: TextValue<[number, number]> = {
  parse(text) {
    const [start, end, ...rest] = numberList.parse(text) ?? [];
    return start === undefined || end === undefined || rest.length > 0 ? undefined : [start, end];
  },
  expected: 'expected two shares such as 0.2,0.8',
};

/** `0=1,0.5=1.5`: a factor at shares of the steps. */
export const schedule: TextValue<{ at: number; factor: number }[]> = {
  parse(text) {
    const points = text.split(',').map((point) => {
      const [at, factor, ...rest] = point.split('=').map(numberOf);
      return at === undefined || factor === undefined || rest.length > 0 ? undefined : { at, factor };
    });
    return points.every((point) => point !== undefined) ? points : undefined;
  },
  expected: 'expected shares of the steps and factors, such as 0=1,0.5=1.5,1=0.8',
};

/** `1.2`, `1,1.1,1.2`, `down=1.2,up=1`, and blocks with a number a frame: `down=1,1.1,1.2,up=1`. */
export const amount: TextValue<Amounts | Record<string, Amounts>> = {
  parse(text) {
    if (!text.includes('=')) return single(numberList.parse(text));
    const blocks = new Map<string, string[]>();
    let current: string[] | undefined;
    for (const part of text.split(',')) {
      const [name, first] = part.includes('=') ? splitOnce(part) : [undefined, part];
      if (name !== undefined) {
        if (blocks.has(name)) return undefined;
        current = [];
        blocks.set(name, current);
      }
      if (current === undefined) return undefined;
      current.push(first);
    }
    const amounts = [...blocks].map(
      ([name, numbers]) => [name, single(numberList.parse(numbers.join(',')))] as const,
    );
    if (amounts.some(([name, each]) => !['down', 'mid', 'up'].includes(name) || each === undefined)) {
      return undefined;
    }
    return Object.fromEntries(amounts) as Record<string, Amounts>;
  },
  expected: 'expected a number, one a frame such as 1,1.1,1.2, or by block such as down=1.2,mid=1,up=0.9',
};

/** What an option's text stands for; `undefined` also for what is none, which {@link textProblems} tells. */
export function readText<T>(values: CliValues, name: string, { parse }: TextValue<T>): T | undefined {
  const text = values.text(name);
  return text === undefined ? undefined : parse(text);
}

/** What is wrong with options of one kind. */
export function textProblems(
  values: CliValues,
  names: readonly string[],
  { parse, expected }: TextValue<unknown>,
): string[] {
  return names.flatMap((name) => {
    const text = values.text(name);
    return text === undefined || parse(text) !== undefined ? [] : [`--${name}: ${expected}, got '${text}'`];
  });
}

/** The text before the first `=` and what follows it. */
export function splitOnce(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at).trim(), text.slice(at + 1)];
}

function single(numbers: number[] | undefined): Amounts | undefined {
  return numbers?.length === 1 ? numbers[0] : numbers;
}

function numberOf(text: string): number | undefined {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
}
