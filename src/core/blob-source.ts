import { sha256Hex } from './byte-source-digest.js';
import { allocateBytes, checkRange } from './byte-source-range.js';
import { AnimateDiffError } from './errors.js';
import type { ByteSource } from './source.js';

/** Options of {@link blobSource}. */
export interface BlobSourceOptions {
  /** Shown in errors. Default: the `name` of a `File`, otherwise `'blob'`. */
  name?: string | undefined;
}

/** Largest part that one slice brings to memory at once; between parts a signal is looked at. */
const PART_BYTES = 64 * 2 ** 20;
const SAMPLE_BYTES = 64 * 2 ** 10;
const SAMPLES = 16;

/**
 * A `Blob` or a picked `File`. Slices are read when asked for, so a file of many gigabytes costs no memory.
 *
 * Fingerprint: SHA-256 of blobs up to 64 MiB. A larger `File` is known by its name, size, time of change and the digest of
 * sixteen samples; a larger plain `Blob` has none, since the platform cannot hash a stream.
 */
export function blobSource(blob: Blob, options: BlobSourceOptions = {}): ByteSource {
  const name = options.name ?? fileFacts(blob)?.name ?? 'blob';
  let digest: Promise<string | undefined> | undefined;

  async function read(
    offset: number,
    length: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    signal?.throwIfAborted();
    checkRange(name, offset, length, blob.size);
    const bytes = allocateBytes(name, length);
    for (let done = 0; done < length; done += PART_BYTES) {
      const part = blob.slice(offset + done, offset + Math.min(length, done + PART_BYTES));
      bytes.set(new Uint8Array(await bufferOf(part, name)), done);
      signal?.throwIfAborted();
    }
    return bytes;
  }

  async function digestOf(): Promise<string | undefined> {
    if (blob.size <= PART_BYTES) return prefixed('sha256:', await sha256Hex(await read(0, blob.size)));
    const facts = fileFacts(blob);
    if (facts === undefined) return undefined;
    const samples = allocateBytes(name, SAMPLES * SAMPLE_BYTES);
    for (let i = 0; i < SAMPLES; i++) {
      const start = Math.floor(((blob.size - SAMPLE_BYTES) / (SAMPLES - 1)) * i);
      samples.set(await read(start, SAMPLE_BYTES), i * SAMPLE_BYTES);
    }
    const identity = `file:${JSON.stringify([facts.name, blob.size, facts.lastModified])}:`;
    return prefixed(identity, await sha256Hex(samples));
  }

  return {
    kind: 'file',
    name,
    blob,
    size: async ({ signal } = {}) => {
      signal?.throwIfAborted();
      return blob.size;
    },
    read: (offset, length, { signal } = {}) => read(offset, length, signal),
    fingerprint: async ({ signal } = {}) => {
      signal?.throwIfAborted();
      digest ??= digestOf();
      return digest;
    },
    close: async () => {},
  };
}

function fileFacts(blob: Blob): { name: string; lastModified: number } | undefined {
  const { name, lastModified } = blob as Partial<File>;
  return typeof name === 'string' && typeof lastModified === 'number' ? { name, lastModified } : undefined;
}

function prefixed(prefix: string, hex: string | undefined): string | undefined {
  return hex === undefined ? undefined : prefix + hex;
}

async function bufferOf(part: Blob, name: string): Promise<ArrayBuffer> {
  try {
    return await part.arrayBuffer();
  } catch (cause) {
    throw new AnimateDiffError(
      'weights-format',
      `${name} can no longer be read: it was changed, moved, or its permission ended. Pick the file again.`,
      { cause, details: { file: name } },
    );
  }
}
