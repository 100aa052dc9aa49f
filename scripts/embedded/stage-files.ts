import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the finished model goes; `EMBEDDED_MODEL` names another folder, for trials. */
export const modelFolder = process.env['EMBEDDED_MODEL'] ?? join(root, 'models/embedded');

/** Where unfinished stages are kept; `EMBEDDED_WORK` names another folder. */
export const workFolder = process.env['EMBEDDED_WORK'] ?? join(root, 'out/embedded');

/** Writes a file whole or not at all. */
export function writeWhole(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
}

/** A file's bytes; `undefined` when it is not there. */
export function readIfThere(path: string): Uint8Array | undefined {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}
