import { readFileSync } from 'node:fs';
import { AnimateDiffError } from '../index.js';
import { cacheCommand } from './cache.js';
import type { Command, CommandContext } from './command.js';
import { doctorCommand } from './doctor.js';
import { printable } from './format.js';
import { generateCommand } from './generate.js';
import { inspectCommand } from './inspect.js';
import { type CliOption, optionsHelp, parseOptions, UsageError } from './options.js';
import { planCommand } from './plan.js';

const commands: readonly Command[] = [
  generateCommand,
  inspectCommand,
  planCommand,
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
    console.log(version());
    return 0;
  }
  const command = commands.find((each) => each.name === name);
  if (command === undefined) {
    const known = name === undefined || name === '--help' || name === '-h' || name === 'help';
    (known ? console.log : console.error)(
      known ? overview() : `unknown command '${printable(name)}'\n\n${overview()}`,
    );
    return known && name !== undefined ? 0 : 2;
  }
  return runCommand(command, rest);
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  const options = [...command.options, ...commonOptions];
  const interrupted = new AbortController();
  const onInterrupt = (): void => {
    // The second time is for when the first does not help.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort(new Error('interrupted'));
  };
  process.on('SIGINT', onInterrupt);
  const context: CommandContext = {
    out: (line) => console.log(line),
    note: (line) => console.error(line),
    stderr: process.stderr,
    signal: interrupted.signal,
  };
  try {
    const values = parseOptions(args, options);
    if (values.flag('help')) console.log(help(command, options));
    else await command.run(values, context);
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) {
      console.error('interrupted');
      return 130;
    }
    return failure(error, command, args.includes('--debug'));
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

function failure(error: unknown, command: Command, debug: boolean): number {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\nanimatediff ${command.name} --help tells more`);
    return 2;
  }
  const text = AnimateDiffError.isInstance(error) ? `${error.code}: ${error.message}` : String(error);
  console.error(debug ? error : printable(text, 4000));
  return 1;
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

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
