import { parseArgs } from 'node:util';

/** One option of a command, as data: it is parsed, checked and printed from this. */
export interface CliOption {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'text' | 'number' | 'flag';
  /** What the value stands for in help, such as `PATH`. */
  readonly value?: string;
  readonly help: string;
  /** Heading under which help lists it. */
  readonly group?: string;
  /** May be given several times. */
  readonly many?: true;
  readonly required?: true;
  /** Values there are, when they are few. */
  readonly choices?: readonly string[];
  /**
   * The library's option that it sets, where that is called otherwise than `clip-skip` → `clipSkip`; with a dot at the
   * end, parts of one.
   */
  readonly sets?: string;
}

/** What was given, by option name. */
export interface CliValues {
  /** `undefined` also for what is none of the choices, which is a problem of its own. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** `undefined` also for what is no number. */
  number(name: string): number | undefined;
  flag(name: string): boolean;
  /** Arguments that are no options. */
  readonly rest: readonly string[];
}

/** Arguments taken apart, and everything that is wrong with them. */
export interface ParsedOptions {
  readonly values: CliValues;
  readonly problems: readonly string[];
}

/** Wrong use of the command line: all that is wrong, a line each. */
export class UsageError extends Error {}

/** Parses arguments. Never throws, so that a command can add what else is wrong. */
export function parseOptions(args: readonly string[], options: readonly CliOption[]): ParsedOptions {
  const { values, positionals, problems } = readArguments(args, options);
  const given = (name: string): (string | boolean)[] => [values[name] ?? []].flat();
  const choices = new Map(options.map((option) => [option.name, option.choices]));
  const text = (name: string): string | undefined => {
    const last = given(name).at(-1);
    if (typeof last !== 'string') return undefined;
    return choices.get(name)?.includes(last) === false ? undefined : last;
  };
  return {
    values: {
      text,
      texts: (name) => given(name).filter((value) => typeof value === 'string'),
      number: (name) => (isNumber(text(name)) ? Number(text(name)) : undefined),
      flag: (name) => given(name).at(-1) === true,
      rest: positionals,
    },
    problems: [...problems, ...options.flatMap((option) => valueProblems(option, given(option.name)))],
  };
}

function valueProblems(
  { name, kind, choices, required }: CliOption,
  given: readonly (string | boolean)[],
): string[] {
  if (required && given.length === 0) return [`--${name} is needed`];
  // A flag's value, or none for an option that takes one: told by readArguments.
  const texts = given.filter((value) => typeof value === 'string');
  if (kind === 'number') {
    return texts.filter((text) => !isNumber(text)).map((text) => `--${name}: '${text}' is not a number`);
  }
  if (choices === undefined) return [];
  return texts
    .filter((text) => !choices.includes(text))
    .map((text) => `--${name}: '${text}' is none of ${choices.join(', ')}`);
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== '' && Number.isFinite(Number(text));
}

function readArguments(
  args: readonly string[],
  options: readonly CliOption[],
): {
  values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  positionals: string[];
  problems: string[];
} {
  const config = Object.fromEntries(
    options.map(({ name, short, kind, many }) => [
      name,
      {
        type: kind === 'flag' ? ('boolean' as const) : ('string' as const),
        multiple: many ?? false,
        ...(short && { short }),
      },
    ]),
  );
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: config,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const problems = tokens.flatMap((token) => {
    if (token.kind !== 'option') return [];
    const option = Object.hasOwn(config, token.name) ? config[token.name] : undefined;
    if (option === undefined) return [`unknown option ${token.rawName}`];
    if (option.type === 'boolean' && token.value !== undefined) return [`${token.rawName} takes no value`];
    // A following option is what a forgotten value looks like; a value with a dash in front is written --name=-x.
    if (option.type === 'string' && (token.value === undefined || looksForgotten(token))) {
      return [`${token.rawName} needs a value`];
    }
    return [];
  });
  return { values, positionals, problems };
}

function looksForgotten(token: { value?: string | undefined; inlineValue?: boolean | undefined }): boolean {
  return token.inlineValue !== true && token.value !== undefined && /^-(-|[a-z]$)/i.test(token.value);
}

/** Options under a heading of help. */
export function grouped(group: string, options: readonly CliOption[]): CliOption[] {
  return options.map((option) => ({ ...option, group: option.group ?? group }));
}

/** Options as lines of help, those without a heading last. */
export function optionsHelp(options: readonly CliOption[]): string {
  const rows = options.map(helpRow);
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  const line = ([left, help]: readonly [string, string]): string =>
    left.length > width ? `${left}\n${' '.repeat(width)}  ${help}` : `${left.padEnd(width)}  ${help}`;
  const groups = [...new Set(options.map(({ group }) => group))];
  const headed = groups.filter((group) => group !== undefined);
  const rest = groups.includes(undefined) ? [undefined] : [];
  return [...headed, ...rest]
    .map((group) => {
      const lines = rows.filter((_, i) => options[i]!.group === group).map(line);
      const heading = group ?? (headed.length > 0 ? 'other' : undefined);
      return [...(heading === undefined ? [] : [`${heading}:`]), ...lines].join('\n');
    })
    .join('\n\n');
}

function helpRow({ name, short, value, choices, help, many }: CliOption): readonly [string, string] {
  const argument = value ?? (choices ? choices.join('|') : '');
  const repeat = many ? ' (may be repeated)' : '';
  return [`  ${short ? `-${short}, ` : ''}--${name} ${argument}`.trimEnd(), help + repeat];
}
