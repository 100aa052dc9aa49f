import { AnimateDiffError } from '../core/errors.js';

/** A parsed `config.json`: untrusted data. */
export type JsonConfig = Readonly<Record<string, unknown>>;

/** Reads fields of a config file, with a fallback for those that are absent or null. */
export interface ConfigFields {
  /** @throws `weights-mismatch` when the field is there and not a finite number. */
  number(name: string, fallback: number): number;
  boolean(name: string, fallback: boolean): boolean;
  string(name: string, fallback: string): string;
  /** One number, or one for each of `count` levels; a single number serves for all. */
  numbers(name: string, count: number, fallback: number): number[];
  /** @throws `unsupported` naming every listed field whose value is neither absent, null nor the one given. */
  require(expected: Readonly<Record<string, unknown>>): void;
}

/** @param label The file, for errors. */
export function configFields(label: string, config: JsonConfig = {}): ConfigFields {
  function field<T>(name: string, type: string, fallback: T, is: (value: unknown) => value is T): T {
    const value = config[name];
    if (value === undefined || value === null) return fallback;
    if (is(value)) return value;
    const text = JSON.stringify(value).slice(0, 60);
    throw new AnimateDiffError(
      'weights-mismatch',
      `${label}: config '${name}' is ${text}, expected a ${type}`,
    );
  }
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
  return {
    number: (name, fallback) => field(name, 'number', fallback, isNumber),
    boolean: (name, fallback) =>
      field(name, 'boolean', fallback, (v): v is boolean => typeof v === 'boolean'),
    string: (name, fallback) => field(name, 'string', fallback, (v): v is string => typeof v === 'string'),
    numbers(name, count, fallback) {
      const isList = (value: unknown): value is number | number[] =>
        isNumber(value) || (Array.isArray(value) && value.length === count && value.every(isNumber));
      const value = field<number | number[]>(name, `number or a list of ${count}`, fallback, isList);
      return Array.isArray(value) ? value : new Array<number>(count).fill(value);
    },
    require(expected) {
      const odd = Object.entries(expected).filter(([name, value]) => (config[name] ?? value) !== value);
      if (odd.length === 0) return;
      const list = odd.map(([name]) => `${name} = ${JSON.stringify(config[name]).slice(0, 60)}`).join(', ');
      throw new AnimateDiffError(
        'unsupported',
        `${label} is not of the Stable Diffusion 1.x family: ${list}`,
      );
    },
  };
}
