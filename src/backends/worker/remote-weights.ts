import { AnimateDiffError } from '../../core/errors.js';
import type { Endpoint } from '../../core/port/port-calls.js';
import { remoteIterable } from '../../core/port/remote-iterable.js';
import type { ExternalWeights } from '../backend.js';
import type { BlobHandle, WeightCalls } from './backend-calls.js';

/**
 * The worker's side of weights that lie on the page: each is asked for piece by piece when its turn comes.
 * @param newId Gives numbers that no iterable of this endpoint has.
 */
export function remoteWeights(
  endpoint: Endpoint<WeightCalls>,
  session: number,
  handles: readonly BlobHandle[],
  newId: () => number,
): ExternalWeights[] {
  return handles.map(({ tensors, ...rest }, blob) => ({
    ...rest,
    tensors: tensors.map((tensor, index) => ({
      ...tensor,
      read: async (signal) => {
        const { name, byteLength } = tensor;
        const bytes = allocated(name, byteLength);
        let position = 0;
        const id = { iterable: newId() };
        const open = () => endpoint.call('weight', { session, blob, tensor: index, ...id }, { signal });
        for await (const piece of remoteIterable({ endpoint, id, open, signal })) {
          if (!(piece instanceof Uint8Array) || position + piece.byteLength > byteLength) {
            throw new AnimateDiffError('weights-mismatch', `'${name}' has more than its ${byteLength} bytes`);
          }
          bytes.set(piece, position);
          position += piece.byteLength;
        }
        return bytes.subarray(0, position);
      },
    })),
  }));
}

function allocated(name: string, byteLength: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(byteLength);
  } catch (cause) {
    throw new AnimateDiffError('out-of-memory', `the worker has no ${byteLength} bytes for '${name}'`, {
      cause,
    });
  }
}
