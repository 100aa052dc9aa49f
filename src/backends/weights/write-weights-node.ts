import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { ExternalWeights } from '../backend.js';
import { streamWeights } from './stream-weights.js';
import type { WeightsProgress } from './weights-progress.js';

/**
 * Writes a blob to a new file, tensor by tensor, and makes sure that it is on disk.
 * @returns the SHA-256 of its bytes, in hexadecimal.
 */
export async function writeWeights(
  path: string,
  weights: ExternalWeights,
  label: string,
  progress: WeightsProgress,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    for await (const piece of streamWeights(weights, label, signal)) {
      hash.update(piece);
      await writeAll(file, piece);
      progress.moved(piece.byteLength);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let position = 0; position < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, position);
    position += bytesWritten;
  }
}
