import type { CliOption, CliValues } from './options.js';

/** Where a command writes, and what stops it. */
export interface CommandContext {
  /** For results. */
  readonly out: (line: string) => void;
  /** For everything else: progress, warnings. Control characters are taken out. */
  readonly note: (line: string) => void;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** What follows the name, for help: `FILE`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly CliOption[];
  /** Whether there are arguments besides options. */
  readonly takesArguments?: true;
  /** What is wrong with the values, besides what the options' table tells: a line each. Does no work. */
  check?(values: CliValues): readonly string[];
  run(values: CliValues, context: CommandContext): Promise<void>;
}
