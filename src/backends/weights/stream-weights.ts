import { AnimateDiffError } from '../../core/errors.js';
import { readAhead } from '../../core/read-ahead.js';
import type { ExternalTensor, ExternalWeights } from '../backend.js';

/**
 * Bytes handled in one go on the application's thread: hashing or copying this many takes a few milliseconds, so that
 * an event loop stays live.
 */
const pieceBytes = 4 * 2 ** 20;

/** Tensors are small and many; what is read ahead is memory besides the tensor at hand. */
const ahead = { reads: 6, bytes: 32 * 2 ** 20 };

/**
 * The bytes of a blob from its first to its last, in pieces of at most 4 MiB, gaps as zeros. Each tensor is read once; a
 * few are read ahead (see {@link readAhead}).
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
  const tensors = [...weights.tensors].sort((a, b) => a.offset - b.offset);
  checkPlaces(tensors, weights, label);
  signal?.throwIfAborted();
  let [position, turn] = [0, 0];
  for await (const bytes of readAhead(tensors, ahead, signal)) {
    const { name, offset, byteLength } = tensors[turn++]!;
    if (bytes.byteLength !== byteLength) {
      throw new AnimateDiffError(
        'weights-mismatch',
        `${label}: '${name}' should have ${byteLength} bytes, but ${bytes.byteLength} were read`,
      );
    }
    yield* zeros(offset - position);
    for (let start = 0; start < byteLength; start += pieceBytes) {
      signal?.throwIfAborted();
      yield bytes.subarray(start, start + pieceBytes);
    }
    position = offset + byteLength;
  }
  yield* zeros(weights.byteLength - position);
}

function checkPlaces(
  tensors: readonly ExternalTensor[],
  { location, byteLength }: ExternalWeights,
  label: string,
): void {
  let end = 0;
  for (const tensor of tensors) {
    if (tensor.offset < end || tensor.offset + tensor.byteLength > byteLength) {
      throw new AnimateDiffError(
        'invalid-options',
        `${label}: '${tensor.name}' at byte ${tensor.offset} of '${location}' overlaps its neighbour or leaves the blob`,
      );
    }
    end = tensor.offset + tensor.byteLength;
  }
}

function* zeros(count: number): Generator<Uint8Array, void, undefined> {
  if (count <= 0) return;
  const piece = new Uint8Array(Math.min(count, pieceBytes));
  for (let left = count; left > 0; left -= piece.byteLength)
    yield piece.subarray(0, Math.min(left, piece.byteLength));
}
