import { AnimateDiffError } from '../index.js';
import { cacheCommand } from './cache.js';
import type { Command, CommandContext } from './command.js';
import { doctorCommand } from './doctor.js';
import { printable } from './format.js';
import { generateCommand } from './generate.js';
import { inspectCommand } from './inspect.js';
import { optionIssues } from './option-issues.js';
import { type CliOption, type CliValues, optionsHelp, parseOptions, UsageError } from './options.js';
import { planCommand } from './plan.js';
import { schedulersCommand } from './schedulers.js';
import { trainCommand } from './train.js';
import { packageVersion } from './version.js';
import { windowsCommand } from './windows.js';

const commands: readonly Command[] = [
  generateCommand,
  inspectCommand,
  planCommand,
  schedulersCommand,
  windowsCommand,
  trainCommand,
  doctorCommand,
  cacheCommand,
];

const commonOptions: readonly CliOption[] = [
  { name: 'debug', kind: 'flag', help: 'show where an error comes from' },
  { name: 'help', short: 'h', kind: 'flag', help: 'this text' },
];

/** Exit codes: 0 done, 1 failed, 2 wrong use, 130 aborted. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') {
    console.log(packageVersion());
    return 0;
  }
  const asksForHelp = name === undefined || name === '--help' || name === '-h' || name === 'help';
  const command = commands.find((each) => each.name === (name === 'help' ? rest[0] : name));
  if (command === undefined) {
    const text = asksForHelp ? overview() : `unknown command '${printable(name)}'\n\n${overview()}`;
    (asksForHelp ? console.log : console.error)(text);
    return asksForHelp && name !== undefined ? 0 : 2;
  }
  return runCommand(command, name === 'help' ? ['--help'] : rest);
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  const options = [...command.options, ...commonOptions];
  const stop = new AbortController();
  // Once: the second time Ctrl-C has its usual effect, which nothing in this process can hold up.
  let interrupted = false;
  const onInterrupt = (): void => {
    interrupted = true;
    console.error('\nstopping; Ctrl-C again ends at once');
    stop.abort(new Error('interrupted'));
  };
  process.once('SIGINT', onInterrupt);
  let readerLeft = false;
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    readerLeft = error.code === 'EPIPE';
    stop.abort(error);
  };
  process.stdout.on('error', onOutputError);
  const context: CommandContext = {
    out: (line) => {
      if (!readerLeft) console.log(line);
    },
    note: (line) => console.error(printable(line, 4000)),
    stderr: process.stderr,
    signal: stop.signal,
  };
  try {
    const { values, problems } = parseOptions(args, options);
    if (values.flag('help')) {
      console.log(help(command, options));
      return 0;
    }
    const all = [...problems, ...argumentProblems(command, values), ...(command.check?.(values) ?? [])];
    if (all.length > 0) throw new UsageError(all.join('\n'));
    await command.run(values, context);
    return readerLeft ? 1 : 0;
  } catch (error) {
    // Whoever read our output has gone, `head` usually: there is nobody to tell.
    if (readerLeft) return 1;
    if (interrupted) {
      console.error('interrupted');
      return 130;
    }
    return failure(error, command, options, args.includes('--debug'));
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

function argumentProblems({ takesArguments }: Command, values: CliValues): string[] {
  return takesArguments ? [] : values.rest.map((argument) => `unexpected argument '${argument}'`);
}

function failure(error: unknown, command: Command, options: readonly CliOption[], debug: boolean): number {
  const issues = error instanceof UsageError ? error.message.split('\n') : optionIssues(error, options);
  if (debug) console.error(error);
  if (issues !== undefined) {
    const lines = issues.map((issue) => printable(issue, 400)).join('\n');
    console.error(`${lines}\n\nanimatediff ${command.name} --help tells more`);
    return 2;
  }
  if (!debug) console.error(printable(errorText(error), 4000));
  return 1;
}

function errorText(error: unknown): string {
  if (AnimateDiffError.isInstance(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error && error.name === 'Error' ? error.message : String(error);
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'animatediff: animations from Stable Diffusion 1.x and AnimateDiff files',
    '',
    ...lines,
    '',
    'animatediff COMMAND --help tells more',
  ].join('\n');
}

function help({ name, usage, summary }: Command, options: readonly CliOption[]): string {
  return [`animatediff ${name} ${usage}`.trimEnd(), '', summary, '', optionsHelp(options)].join('\n');
}
