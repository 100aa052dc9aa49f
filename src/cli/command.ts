import type { CliOption, CliValues } from './options.js';

/** Where a command writes, and what stops it. */
export interface CommandContext {
  /** For results. */
  readonly out: (line: string) => void;
  /** For everything else: progress, warnings. */
  readonly note: (line: string) => void;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** Arguments behind the name, for help: `FILE`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly CliOption[];
  run(values: CliValues, context: CommandContext): Promise<void>;
}
