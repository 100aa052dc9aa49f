import { AnimateDiffError } from '../core/errors.js';
import type { ModelArtifact } from './backend.js';

/** Larger blobs break readers of ONNX files, and 32-bit heaps. */
const maxBlobBytes = 2 ** 31;

/**
 * Refuses artifacts whose blobs could not be files: names with folders in them, names twice, blobs of 2 GiB and more.
 * @throws `invalid-options`.
 */
export function checkArtifact({ label, weights }: ModelArtifact): void {
  const seen = new Set<string>();
  for (const { location, byteLength } of weights) {
    if (!/^[\w-][\w.-]*$/.test(location) || seen.has(location)) {
      throw new AnimateDiffError(
        'invalid-options',
        `${label}: '${location}' is not a plain file name of letters, digits, '_', '-' and '.', or is there twice`,
      );
    }
    if (!(byteLength < maxBlobBytes)) {
      throw new AnimateDiffError(
        'invalid-options',
        `${label}: '${location}' has ${byteLength} bytes; a blob of weights must stay below 2 GiB`,
      );
    }
    seen.add(location);
  }
}
