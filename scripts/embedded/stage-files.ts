import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareFile, writeWhole } from '../../src/cli/write-file.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the finished model goes; `EMBEDDED_MODEL` names another folder, for trials. */
export const modelFolder = process.env['EMBEDDED_MODEL'] ?? join(root, 'models/embedded');

/** Where unfinished stages are kept; `EMBEDDED_WORK` names another folder. */
export const workFolder = process.env['EMBEDDED_WORK'] ?? join(root, 'out/embedded');

/** Writes a file whole or not at all, and its folder. */
export async function writeFile(path: string, content: Uint8Array | string): Promise<void> {
  await prepareFile(path);
  await writeWhole(path, typeof content === 'string' ? new TextEncoder().encode(content) : content);
}

/** A file's bytes; `undefined` when it is not there. */
export function readIfThere(path: string): Uint8Array | undefined {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}

/** A file of the work folder, which is made when it is not there. */
export async function madeOnce(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const path = join(workFolder, name);
  const before = readIfThere(path);
  if (before !== undefined) return before;
  const made = await make();
  await writeFile(path, made);
  return made;
}
