import { parseArgs } from 'node:util';

/** One option of a command, as data: it is parsed and printed from this. */
export interface CliOption {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'text' | 'number' | 'flag';
  /** What the value stands for in help, such as `PATH`. */
  readonly value?: string;
  readonly help: string;
  /** May be given several times. */
  readonly many?: true;
  /** Values there are, when they are few. */
  readonly choices?: readonly string[];
}

/** What was given, by option name. */
export interface CliValues {
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  number(name: string): number | undefined;
  flag(name: string): boolean;
  /** Arguments that are no options. */
  readonly rest: readonly string[];
}

/** Wrong use of the command line: all that is wrong, a line each. */
export class UsageError extends Error {}

/** Parses arguments. @throws {@link UsageError} that tells everything that is wrong at once. */
export function parseOptions(args: readonly string[], options: readonly CliOption[]): CliValues {
  const { values, positionals, problems } = readArguments(args, options);
  const given = (name: string): (string | boolean)[] => [values[name] ?? []].flat();
  for (const { name, kind, choices } of options) {
    for (const value of given(name)) {
      if (kind === 'number' && (value === '' || !Number.isFinite(Number(value)))) {
        problems.push(`--${name}: '${value}' is not a number`);
      }
      if (choices && !choices.includes(String(value))) {
        problems.push(`--${name}: '${value}' is none of ${choices.join(', ')}`);
      }
    }
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const text = (name: string): string | undefined => given(name).at(-1)?.toString();
  return {
    text,
    texts: (name) => given(name).map(String),
    number: (name) => (text(name) === undefined ? undefined : Number(text(name))),
    flag: (name) => given(name).at(-1) === true,
    rest: positionals,
  };
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
    const option = config[token.name];
    if (option === undefined) return [`unknown option ${token.rawName}`];
    if (option.type === 'string' && token.value === undefined) return [`${token.rawName} needs a value`];
    return [];
  });
  return { values, positionals, problems };
}

/** Options as lines of help. */
export function optionsHelp(options: readonly CliOption[]): string {
  const rows = options.map(({ name, short, value, choices, help }) => {
    const argument = value ?? (choices ? choices.join('|') : '');
    return [`  ${short ? `-${short}, ` : ''}--${name} ${argument}`.trimEnd(), help] as const;
  });
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  return rows
    .map(([left, help]) =>
      left.length > width ? `${left}\n${' '.repeat(width)}  ${help}` : `${left.padEnd(width)}  ${help}`,
    )
    .join('\n');
}
