import { join } from 'node:path';
import type { OnLoadProgress } from '../../core/progress.js';
import type { ExternalWeights, ModelArtifact } from '../backend.js';
import { publishBlob, takeBlob } from './cache-blobs-node.js';
import {
  type CacheFolder,
  cacheFolder,
  makeCacheFolder,
  readIndex,
  writeIndex,
} from './cache-folder-node.js';
import { type Lease, leaseKeeper, sweepLeases } from './cache-lease-node.js';
import { diskError, makeRoom } from './cache-room-node.js';
import type { PreparedWeights } from './prepared-weights.js';
import { type WeightsProgress, weightsProgress } from './weights-progress.js';
import { writeWeights } from './write-weights-node.js';

/** Options of preparing one network's weights. */
export interface PrepareOptions {
  signal?: AbortSignal | undefined;
  onProgress?: OnLoadProgress | undefined;
}

/** Turns the weights of networks into files that a runtime can map, and keeps those that have an identity. */
export interface WeightsCache {
  /**
   * Makes the files of one network, reading only what the cache does not have.
   * @throws `backend` when the disk is full or the folder cannot be written, or whatever reading a weight throws.
   *   Leaves nothing half-made.
   */
  prepare(artifact: ModelArtifact, options?: PrepareOptions): Promise<PreparedWeights>;
}

/** Which folder, and how much may stay there; 0 keeps nothing beyond its session. */
export interface WeightsCacheRequest {
  readonly directory: string;
  readonly maxBytes: number;
}

interface Preparation {
  readonly folder: CacheFolder;
  readonly lease: Lease;
  readonly label: string;
  readonly progress: WeightsProgress;
  readonly signal: AbortSignal | undefined;
}

/** The cache of weights in a folder, shared with other processes. */
export function weightsCache({ directory, maxBytes }: WeightsCacheRequest): WeightsCache {
  const folder = cacheFolder(directory);
  const leases = leaseKeeper();
  return {
    prepare: async (artifact, { signal, onProgress } = {}) => {
      const total = sizeOf(artifact.weights);
      const progress = weightsProgress(artifact.label, total, onProgress);
      await makeCacheFolder(folder);
      await sweepLeases(folder);
      const lease = await leases.open(folder);
      try {
        await fill({ folder, lease, label: artifact.label, progress, signal }, artifact.weights, maxBytes);
      } catch (error) {
        await lease.release();
        throw diskError(error, folder, total);
      }
      return { folder: lease.path, files: [], release: lease.release };
    },
  };
}

async function fill(
  preparation: Preparation,
  weights: readonly ExternalWeights[],
  maxBytes: number,
): Promise<void> {
  const missing: ExternalWeights[] = [];
  for (const blob of weights) {
    preparation.signal?.throwIfAborted();
    if (await takeKnown(preparation, blob)) preparation.progress.skipped(blob.byteLength);
    else missing.push(blob);
  }
  const needed = sizeOf(missing);
  if (needed === 0) return;
  const mayKeep = await makeRoom(preparation.folder, needed, maxBytes);
  for (const blob of missing) await write(preparation, blob, mayKeep);
}

async function takeKnown({ folder, lease }: Preparation, blob: ExternalWeights): Promise<boolean> {
  if (blob.identity === undefined) return false;
  const known = await readIndex(folder, blob.identity, blob.byteLength);
  return known !== undefined && takeBlob(folder, known, blob.byteLength, join(lease.path, blob.location));
}

async function write(
  { folder, lease, label, progress, signal }: Preparation,
  blob: ExternalWeights,
  mayKeep: boolean,
): Promise<void> {
  const path = join(lease.path, blob.location);
  const { identity, byteLength } = blob;
  const lasting = identity !== undefined && mayKeep;
  const sha256 = await writeWeights(path, blob, { label, progress, signal, lasting });
  if (identity === undefined || sha256 === undefined) return;
  if (await publishBlob(folder, sha256, byteLength, path)) {
    await writeIndex(folder, identity, { sha256, byteLength }, lease.path);
  }
}

function sizeOf(blobs: readonly { readonly byteLength: number }[]): number {
  return blobs.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
