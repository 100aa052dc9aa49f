import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';

// Where packages are found from.
const folder = resolve(import.meta.dirname, '../../node_modules/.cache/animatediff-js');

/**
 * Prepares a TypeScript file of `test/support/workers`, and gives a function that starts worker threads of Node from it.
 * Bundled: a loader that translates each of the library's files in each thread takes much longer.
 */
export function workerStarter(name: string): () => Worker {
  const { outputFiles } = buildSync({
    entryPoints: [resolve(import.meta.dirname, 'workers', `${name}.ts`)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    write: false,
  });
  const { contents } = outputFiles[0]!;
  const digest = createHash('sha256').update(contents).digest('hex').slice(0, 16);
  const file = join(folder, `${name}-${digest}.mjs`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) writeFileSync(file, contents);
  return () => new Worker(file);
}
