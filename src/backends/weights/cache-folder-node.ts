import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { AnimateDiffError } from '../../core/errors.js';

/**
 * The cache's folders. A blob is named by the SHA-256 of its content, and appears there complete or not at all. An
 * index entry is named by the SHA-256 of an identity and tells which blob has that content. A lease is a folder of
 * one session in which the blobs have, as hard links, the names that its graph uses; so a blob is in use as long as
 * it has more than one name, and its bytes outlive even its removal.
 */
export interface CacheFolder {
  readonly root: string;
  readonly blobs: string;
  readonly index: string;
  readonly leases: string;
}

/** The user's folder for caches, with this library's name. */
export function defaultCacheDirectory(): string {
  return join(userCacheDirectory(), 'animatediff-js');
}

function userCacheDirectory(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  return XDG_CACHE_HOME || join(homedir(), '.cache');
}

/** The folders under a cache directory. Makes none. */
export function cacheFolder(directory: string): CacheFolder {
  // The version changes when the layout does: an older library must not misread a newer one's files.
  const root = join(directory, 'weights-1');
  return { root, blobs: join(root, 'blobs'), index: join(root, 'index'), leases: join(root, 'leases') };
}

/**
 * Makes the folders.
 * @throws `backend` when that cannot be done, with what else can be.
 */
export async function makeCacheFolder(folder: CacheFolder): Promise<void> {
  try {
    for (const path of [folder.blobs, folder.index, folder.leases]) await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new AnimateDiffError(
      'backend',
      `the weights cache '${folder.root}' cannot be made (${(cause as Error).message}): give another folder as ` +
        "`weightsCache: { directory }`, or keep weights in memory with `weightsCache: 'memory'`",
      { cause },
    );
  }
}

/** Names of the files in a folder; none when it is absent. */
export async function fileNames(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A name for content: its SHA-256, in hexadecimal. */
export type BlobName = string;

const entrySchema = z.object({ sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)), byteLength: z.number() });

/** Path of a blob. */
export function blobPath(folder: CacheFolder, name: BlobName): string {
  return join(folder.blobs, `${name}.bin`);
}

function indexPath(folder: CacheFolder, identity: string): string {
  return join(folder.index, `${createHash('sha256').update(identity).digest('hex')}.json`);
}

/** Which blob has the content of an identity; `undefined` when the cache does not know, or an entry is broken. */
export async function readIndex(
  folder: CacheFolder,
  identity: string,
  byteLength: number,
): Promise<BlobName | undefined> {
  const entry = await readEntry(indexPath(folder, identity));
  return entry?.byteLength === byteLength ? entry.sha256 : undefined;
}

/** Notes which blob has the content of an identity. The entry appears whole or not at all. */
export async function writeIndex(
  folder: CacheFolder,
  identity: string,
  entry: { readonly sha256: BlobName; readonly byteLength: number },
  scratch: string,
): Promise<void> {
  const path = join(scratch, '~entry');
  await writeFile(path, JSON.stringify(entry));
  await rename(path, indexPath(folder, identity));
}

/** Removes an index entry whose blob is gone. */
export async function dropEntry(path: string, isKept: (name: BlobName) => boolean): Promise<void> {
  const entry = await readEntry(path);
  if (entry === undefined || !isKept(entry.sha256)) await rm(path, { force: true });
}

async function readEntry(path: string): Promise<z.infer<typeof entrySchema> | undefined> {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
