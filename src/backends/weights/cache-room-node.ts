import { statfs } from 'node:fs/promises';
import { AnimateDiffError } from '../../core/errors.js';
import { evictBlobs, listBlobs } from './cache-blobs-node.js';
import type { CacheFolder } from './cache-folder-node.js';

/**
 * Makes room for new blobs under the cap and on the disk.
 * @returns whether they may stay in the cache.
 * @throws `backend` when the disk has too little left.
 */
export async function makeRoom(folder: CacheFolder, needed: number, maxBytes: number): Promise<boolean> {
  const blobs = await listBlobs(folder);
  const held = sizeOf(blobs);
  const lacking = needed - (await freeBytes(folder));
  // Nothing is given up for what would not fit anyway.
  if (lacking > sizeOf(blobs.filter(({ inUse }) => !inUse))) throw diskFull(folder, needed);
  const over = needed > maxBytes ? 0 : held + needed - maxBytes;
  const goal = Math.max(over, lacking);
  const removed = goal > 0 ? await evictBlobs(folder, (bytes) => bytes >= goal) : 0;
  return held - removed + needed <= maxBytes;
}

function sizeOf(blobs: readonly { readonly byteLength: number }[]): number {
  return blobs.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

async function freeBytes(folder: CacheFolder): Promise<number> {
  const { blocks, bavail, bsize } = await statfs(folder.root);
  // Some network file systems do not tell.
  return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
}

function diskFull(folder: CacheFolder, needed: number, cause?: unknown): AnimateDiffError {
  return new AnimateDiffError(
    'backend',
    `the disk of the weights cache '${folder.root}' is full: ${(needed / 1e9).toFixed(2)} GB are needed. Free some space, give ` +
      "another folder as `weightsCache: { directory }`, or keep weights in memory with `weightsCache: 'memory'`",
    { cause, details: { needed, directory: folder.root } },
  );
}

/** An error of the file system in the words of `diskFull`, if it is that the disk is full; else as it is. */
export function diskError(error: unknown, folder: CacheFolder, needed: number): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT' ? diskFull(folder, needed, error) : error;
}
