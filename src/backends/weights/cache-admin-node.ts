import { type CachedBlob, evictBlobs, listBlobs } from './cache-blobs-node.js';
import { cacheFolder, defaultCacheDirectory } from './cache-folder-node.js';
import { sweepLeases } from './cache-lease-node.js';

/** Which weights cache is meant. */
export interface CacheSelection {
  /** Default: the folder that `ortNode` uses by default. */
  directory?: string | undefined;
}

/** What a weights cache holds. */
export interface CacheListing {
  /** The cache's folder. */
  readonly directory: string;
  /** Last used first. */
  readonly blobs: readonly CachedBlob[];
  /** Sum of the blobs' sizes. */
  readonly byteLength: number;
}

/** What {@link clearCache} did. */
export interface CacheClearing {
  /** Bytes given back to the disk. */
  readonly removedBytes: number;
  /** Bytes kept since a session uses them. */
  readonly keptBytes: number;
}

/** Lists the weights that `ortNode` keeps on disk. An absent cache is an empty one. */
export async function listCache({
  directory = defaultCacheDirectory(),
}: CacheSelection = {}): Promise<CacheListing> {
  const folder = cacheFolder(directory);
  const blobs = await listBlobs(folder);
  return { directory: folder.root, blobs, byteLength: sum(blobs) };
}

/** Deletes the weights that `ortNode` keeps on disk, except those that a session of any process uses. */
export async function clearCache({
  directory = defaultCacheDirectory(),
}: CacheSelection = {}): Promise<CacheClearing> {
  const folder = cacheFolder(directory);
  await sweepLeases(folder);
  const removedBytes = await evictBlobs(folder, () => false);
  return { removedBytes, keptBytes: sum(await listBlobs(folder)) };
}

function sum(blobs: readonly CachedBlob[]): number {
  return blobs.reduce((total, { byteLength }) => total + byteLength, 0);
}
