import { sha256Hex } from './byte-source-digest.js';
import { checkRange } from './byte-source-range.js';
import type { ByteSource } from './source.js';

/** Options of {@link bytesSource}. */
export interface BytesSourceOptions {
  /** Shown in errors. Default `'bytes'`. */
  name?: string | undefined;
}

/**
 * A file that is already in memory. Reads are copies. The bytes must not be changed while the source is in use: the
 * fingerprint, their SHA-256, is computed once.
 */
export function bytesSource(bytes: Uint8Array | ArrayBuffer, options: BytesSourceOptions = {}): ByteSource {
  const content = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const name = options.name ?? 'bytes';
  let digest: Promise<string | undefined> | undefined;
  return {
    kind: 'file',
    name,
    size: async ({ signal } = {}) => {
      signal?.throwIfAborted();
      return content.byteLength;
    },
    read: async (offset, length, { signal } = {}) => {
      signal?.throwIfAborted();
      checkRange(name, offset, length, content.byteLength);
      return content.slice(offset, offset + length);
    },
    fingerprint: async ({ signal } = {}) => {
      signal?.throwIfAborted();
      digest ??= sha256Hex(content);
      const hex = await digest;
      signal?.throwIfAborted();
      return hex === undefined ? undefined : `sha256:${hex}`;
    },
    close: async () => {},
  };
}
