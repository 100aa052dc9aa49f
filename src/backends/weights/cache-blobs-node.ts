import { link, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BlobName, blobPath, type CacheFolder, dropEntry, fileNames } from './cache-folder-node.js';

/** A blob of the cache. */
export interface CachedBlob {
  /** SHA-256 of the content, in hexadecimal. */
  readonly sha256: BlobName;
  readonly byteLength: number;
  /** When a session last took it, in milliseconds since 1970. */
  readonly lastUsed: number;
  /** Whether a session uses it now. */
  readonly inUse: boolean;
}

/** The blobs of a cache, last used first; empty when there is no cache. */
export async function listBlobs(folder: CacheFolder): Promise<CachedBlob[]> {
  const blobs: CachedBlob[] = [];
  for (const name of await fileNames(folder.blobs)) {
    const sha256 = /^([0-9a-f]{64})\.bin$/.exec(name)?.[1];
    const info = sha256 && (await stat(join(folder.blobs, name)).catch(() => undefined));
    if (info) blobs.push({ sha256, byteLength: info.size, lastUsed: info.mtimeMs, inUse: info.nlink > 1 });
  }
  return blobs.sort((a, b) => b.lastUsed - a.lastUsed);
}

/**
 * Gives a blob a second name in a lease and marks it as used.
 * @returns whether it was there with the expected size and could be linked.
 */
export async function takeBlob(
  folder: CacheFolder,
  name: BlobName,
  byteLength: number,
  target: string,
): Promise<boolean> {
  try {
    await link(blobPath(folder, name), target);
  } catch {
    return false;
  }
  if ((await stat(target)).size === byteLength) {
    const now = new Date();
    await utimes(target, now, now);
    return true;
  }
  // Somebody cut it short: forget it.
  await rm(target, { force: true });
  await rm(blobPath(folder, name), { force: true });
  return false;
}

/**
 * Makes a finished file of a lease a blob of the cache. When the same content is there already, the lease takes
 * that instead and the file goes. Where the file system has no hard links nothing is kept, and the file is the
 * lease's alone.
 */
export async function publishBlob(
  folder: CacheFolder,
  name: BlobName,
  byteLength: number,
  file: string,
): Promise<boolean> {
  const twin = join(dirname(file), '~twin');
  if (await takeBlob(folder, name, byteLength, twin)) {
    await rename(twin, file);
    // POSIX leaves both names alone when they are links to one file.
    await rm(twin, { force: true });
    return true;
  }
  try {
    await link(file, blobPath(folder, name));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST';
  }
}

/**
 * Removes blobs that no session uses, the one unused for longest first, until `enough` says so of the bytes removed
 * so far. Index entries without a blob go too.
 * @returns bytes removed.
 */
export async function evictBlobs(folder: CacheFolder, enough: (removed: number) => boolean): Promise<number> {
  const blobs = await listBlobs(folder);
  const kept = new Set(blobs.map((blob) => blob.sha256));
  let removed = 0;
  for (const blob of blobs.reverse()) {
    if (enough(removed)) break;
    if (blob.inUse) continue;
    await rm(blobPath(folder, blob.sha256), { force: true });
    kept.delete(blob.sha256);
    removed += blob.byteLength;
  }
  if (removed > 0) {
    for (const name of await fileNames(folder.index))
      await dropEntry(join(folder.index, name), (sha) => kept.has(sha));
  }
  return removed;
}
