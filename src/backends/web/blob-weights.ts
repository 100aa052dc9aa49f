import { AnimateDiffError } from '../../core/errors.js';
import type { ExternalWeights } from '../backend.js';
import { readIntoMemory, type WeightFile } from '../weights/memory-weights.js';
import { streamWeights } from '../weights/stream-weights.js';
import type { WeightsProgress } from '../weights/weights-progress.js';

/** Weights that the browser keeps, in memory or on disk as it likes. */
export interface WeightBlob {
  readonly location: string;
  readonly data: Blob;
}

/** Weights of fewer bytes stay in JavaScript: the runtime would wait for the browser once for each tensor. */
const smallBytes = 32 * 2 ** 20;

/** Bytes that are handed over in one go: each time takes a message to another process and back. */
const pieceBytes = 8 * 2 ** 20;

/**
 * Hands weights to the browser piece by piece, so that JavaScript holds one tensor and one piece at a time.
 * @throws `out-of-memory` when the browser cannot keep them, or what `streamWeights` throws.
 */
export async function readIntoBlobs(
  weights: readonly ExternalWeights[],
  label: string,
  progress: WeightsProgress,
  signal?: AbortSignal | undefined,
): Promise<(WeightBlob | WeightFile)[]> {
  const files: (WeightBlob | WeightFile)[] = [];
  for (const each of weights) {
    if (each.byteLength < smallBytes) files.push(...(await readIntoMemory([each], label, progress, signal)));
    else files.push({ location: each.location, data: await intoBlob(each, label, progress, signal) });
  }
  return files;
}

async function intoBlob(
  weights: ExternalWeights,
  label: string,
  progress: WeightsProgress,
  signal: AbortSignal | undefined,
): Promise<Blob> {
  const kept: Blob[] = [];
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const handOver = async (): Promise<void> => {
    const piece = new Blob(parts);
    parts = [];
    // Answered only when the browser has taken the piece over: without it, pieces would queue up here.
    await readable(piece, label, weights.location);
    kept.push(piece);
    progress.moved(size);
    size = 0;
  };
  for await (const part of streamWeights(weights, label, signal)) {
    parts.push(part as Uint8Array<ArrayBuffer>);
    size += part.byteLength;
    if (size >= pieceBytes) await handOver();
  }
  if (size > 0) await handOver();
  return new Blob(kept);
}

async function readable(piece: Blob, label: string, location: string): Promise<void> {
  try {
    await piece.slice(piece.size - 1).arrayBuffer();
  } catch (cause) {
    throw new AnimateDiffError(
      'out-of-memory',
      `${label}: the browser has no room, in memory or on disk, for the weights in '${location}'`,
      { cause },
    );
  }
}
