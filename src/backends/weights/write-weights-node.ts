import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { ExternalWeights } from '../backend.js';
import { streamWeights } from './stream-weights.js';
import type { WeightsProgress } from './weights-progress.js';

/** What {@link writeWeights} is told besides the blob. */
export interface WriteWeightsOptions {
  /** Of the model, for errors. */
  readonly label: string;
  readonly progress: WeightsProgress;
  readonly signal: AbortSignal | undefined;
  /** Whether the file outlives its session: then it is hashed, and made sure to be on disk. */
  readonly lasting: boolean;
}

/**
 * Writes a blob to a new file, tensor by tensor.
 * @returns the SHA-256 of its bytes, in hexadecimal, if it lasts.
 */
export async function writeWeights(
  path: string,
  weights: ExternalWeights,
  { label, progress, signal, lasting }: WriteWeightsOptions,
): Promise<string | undefined> {
  const hash = lasting ? createHash('sha256') : undefined;
  const file = await open(path, 'wx');
  try {
    for await (const piece of streamWeights(weights, label, signal)) {
      hash?.update(piece);
      await writeAll(file, piece);
      progress.moved(piece.byteLength);
    }
    if (lasting) await file.sync();
  } finally {
    await file.close();
  }
  return hash?.digest('hex');
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let position = 0; position < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, position);
    position += bytesWritten;
  }
}
