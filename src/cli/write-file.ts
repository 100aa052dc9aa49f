import { access, constants, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the folder of a file that will be written later. @throws When a file could not be written there. */
export async function prepareFile(path: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true }).catch((cause) => refuse(path, cause));
  await access(folder, constants.W_OK).catch((cause) => refuse(path, cause));
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory()) throw new Error(`${path} cannot be written: it is a folder`);
}

/** Writes a file whole or not at all: under another name first, then renamed. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.part`;
  try {
    await writeFile(partial, bytes);
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined);
    refuse(path, cause as NodeJS.ErrnoException);
  }
}

function refuse(path: string, cause: NodeJS.ErrnoException): never {
  throw new Error(`${path} cannot be written: ${cause.message}`, { cause });
}
