import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '../../..');

/** How a run of the command ended. */
export interface Result {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a run may be given besides its arguments. */
export interface RunOptions {
  /** Told what is on standard error so far, whenever something comes. */
  readonly during?: (child: ChildProcess, stderr: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** Stops reading standard output after so many bytes, as `head` does. */
  readonly closeOutputAt?: number;
}

/** The command, built from the sources as they are, and a folder in which it runs. */
export interface CommandLine {
  /** An empty folder at first. */
  readonly folder: string;
  run(args: readonly string[], options?: RunOptions): Promise<Result>;
  remove(): void;
}

/** Builds the command as the package's build does; the built package itself may be older than the sources. */
export async function commandLine(): Promise<CommandLine> {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const built = mkdtempSync(join(cache, 'animatediff-cli-'));
  const folder = mkdtempSync(join(tmpdir(), 'animatediff-cli-'));
  await build({
    entryPoints: {
      cli: join(root, 'src/cli.ts'),
      'ort-node-host': join(root, 'src/backends/ort-host-node.ts'),
    },
    outdir: built,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'es2022',
  });
  return {
    folder,
    run: (args, options) => run(join(built, 'cli.js'), folder, args, options),
    remove: () => {
      for (const made of [built, folder]) rmSync(made, { recursive: true, force: true });
    },
  };
}

function run(
  script: string,
  cwd: string,
  args: readonly string[],
  { during, env = {}, closeOutputAt = Number.POSITIVE_INFINITY }: RunOptions = {},
): Promise<Result> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [script, ...args], { cwd, env: { ...process.env, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
      if (stdout.length >= closeOutputAt) child.stdout.destroy();
    });
    child.stderr.on('data', (data) => {
      stderr += data;
      during?.(child, stderr);
    });
    child.on('close', (code, signal) => done({ code, signal, stdout, stderr }));
  });
}
