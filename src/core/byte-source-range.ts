import { AnimateDiffError } from './errors.js';

/**
 * Checks the arguments of `ByteSource.read` against the file's size.
 * @throws `invalid-options` for numbers that are no byte positions, `weights-format` when the file ends before.
 */
export function checkRange(name: string, offset: number, length: number, size: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: offset and length of a read are whole numbers of bytes from 0 up, got ${offset} and ${length}`,
    );
  }
  if (offset + length > size) throw endsEarly(name, offset, length, size);
}

/** The error of a file that is shorter than what is read of it. */
export function endsEarly(name: string, offset: number, length: number, size: number): AnimateDiffError {
  return new AnimateDiffError(
    'weights-format',
    `${name} ends at byte ${size}, but bytes ${offset} to ${offset + length} are needed. ` +
      'The file is cut off or was changed: fetch it again.',
    { details: { file: name, offset, length, size } },
  );
}

/**
 * Memory for a read whose length was checked against the file.
 * @throws `out-of-memory` when the platform has no buffer of that size.
 */
export function allocateBytes(name: string, length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new AnimateDiffError('out-of-memory', `${name}: no memory for a read of ${length} bytes`, {
      cause,
    });
  }
}
