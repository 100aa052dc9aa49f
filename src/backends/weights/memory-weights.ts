import { AnimateDiffError } from '../../core/errors.js';
import { yieldToEventLoop } from '../../core/yield.js';
import type { ExternalWeights } from '../backend.js';
import { streamWeights } from './stream-weights.js';
import type { WeightsProgress } from './weights-progress.js';

/** A blob of weights in memory, under the name that the graph knows it by. */
export interface WeightFile {
  readonly location: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * Reads blobs into memory, letting the event loop breathe between pieces.
 * @throws `out-of-memory` when a blob does not fit, or what `streamWeights` throws.
 */
export async function readIntoMemory(
  weights: readonly ExternalWeights[],
  label: string,
  progress: WeightsProgress,
  signal?: AbortSignal | undefined,
): Promise<WeightFile[]> {
  const files: WeightFile[] = [];
  for (const blob of weights) {
    const data = allocate(blob, label);
    let position = 0;
    for await (const piece of streamWeights(blob, label, signal)) {
      data.set(piece, position);
      position += piece.byteLength;
      progress.moved(piece.byteLength);
      await yieldToEventLoop();
    }
    files.push({ location: blob.location, data });
  }
  return files;
}

function allocate({ byteLength, location }: ExternalWeights, label: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(byteLength);
  } catch (cause) {
    throw new AnimateDiffError(
      'out-of-memory',
      `${label}: ${byteLength} bytes for '${location}' do not fit in memory`,
      { cause },
    );
  }
}
