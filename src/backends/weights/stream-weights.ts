import { AnimateDiffError } from '../../core/errors.js';
import type { ExternalTensor, ExternalWeights } from '../backend.js';

/**
 * Bytes handled in one go on the application's thread: hashing or copying this many takes a few milliseconds, so that
 * an event loop stays live.
 */
const pieceBytes = 4 * 2 ** 20;

/**
 * The bytes of a blob from its first to its last, in pieces of at most 4 MiB, gaps as zeros. Each tensor is read
 * once, when its turn comes, so at most one is held.
 *
 * @param label Of the model, for errors.
 * @throws `weights-mismatch` when a tensor gives another number of bytes than announced, `invalid-options` when
 *   tensors overlap or leave the blob, or whatever a tensor's `read` throws.
 */
export async function* streamWeights(
  weights: ExternalWeights,
  label: string,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0;
  for (const tensor of [...weights.tensors].sort((a, b) => a.offset - b.offset)) {
    if (tensor.offset < position || tensor.offset + tensor.byteLength > weights.byteLength) {
      throw new AnimateDiffError(
        'invalid-options',
        `${label}: '${tensor.name}' at byte ${tensor.offset} of '${weights.location}' overlaps its neighbour or leaves the blob`,
      );
    }
    yield* zeros(tensor.offset - position);
    const bytes = await readTensor(tensor, label, signal);
    for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
      signal?.throwIfAborted();
      yield bytes.subarray(start, start + pieceBytes);
    }
    position = tensor.offset + tensor.byteLength;
  }
  yield* zeros(weights.byteLength - position);
}

async function readTensor(
  tensor: ExternalTensor,
  label: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const bytes = await tensor.read(signal);
  if (bytes.byteLength !== tensor.byteLength) {
    throw new AnimateDiffError(
      'weights-mismatch',
      `${label}: '${tensor.name}' should have ${tensor.byteLength} bytes, but ${bytes.byteLength} were read`,
    );
  }
  return bytes;
}

function* zeros(count: number): Generator<Uint8Array, void, undefined> {
  if (count <= 0) return;
  const piece = new Uint8Array(Math.min(count, pieceBytes));
  for (let left = count; left > 0; left -= piece.byteLength)
    yield piece.subarray(0, Math.min(left, piece.byteLength));
}
