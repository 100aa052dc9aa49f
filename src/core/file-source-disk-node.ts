import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { allocateBytes, checkRange, endsEarly } from './byte-source-range.js';
import { AnimateDiffError } from './errors.js';
import type { ByteSource } from './source.js';

/** One read call of the operating system is at most 2 GiB; smaller parts also let a signal through. */
const PART_BYTES = 64 * 2 ** 20;

/** A regular file on disk, as it was when `facts` were taken. */
export function diskFileSource(path: string, facts: BigIntStats): ByteSource {
  const size = Number(facts.size);
  const reads = new Set<Promise<unknown>>();
  let handle: Promise<FileHandle> | undefined;

  function opened(): Promise<FileHandle> {
    if (handle === undefined) {
      const opening = openUnchanged(path, facts);
      opening.catch(() => {
        if (handle === opening) handle = undefined;
      });
      handle = opening;
    }
    return handle;
  }

  async function read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    checkRange(path, offset, length, size);
    const file = await opened();
    const bytes = allocateBytes(path, length);
    for (let done = 0; done < length; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(bytes, done, Math.min(PART_BYTES, length - done), offset + done);
      if (bytesRead === 0) throw endsEarly(path, offset, length, offset + done);
      done += bytesRead;
    }
    signal?.throwIfAborted();
    return bytes;
  }

  async function tracked<T>(work: Promise<T>): Promise<T> {
    reads.add(work);
    try {
      return await work;
    } finally {
      reads.delete(work);
    }
  }

  async function close(): Promise<void> {
    const closing = handle;
    handle = undefined;
    // Reads that run finish on the handle they have.
    await Promise.allSettled(reads);
    const file = await closing?.catch(() => undefined);
    await file?.close();
  }

  return {
    kind: 'file',
    name: path,
    size: async ({ signal } = {}) => {
      signal?.throwIfAborted();
      return size;
    },
    read: (offset, length, { signal } = {}) => tracked(read(offset, length, signal)),
    fingerprint: async ({ signal } = {}) => {
      signal?.throwIfAborted();
      const real = await realpath(path).catch(() => path);
      const { mtimeNs, ctimeNs, dev, ino } = facts;
      return `file:${JSON.stringify([real, size, `${mtimeNs}`, `${ctimeNs}`, `${dev}`, `${ino}`])}`;
    },
    close,
  };
}

async function openUnchanged(path: string, expected: BigIntStats): Promise<FileHandle> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new AnimateDiffError('weights-format', `${path} cannot be opened: ${cause.code}`, {
      cause,
      details: { file: path },
    });
  });
  const found = await file.stat({ bigint: true });
  if (found.size === expected.size && found.mtimeNs === expected.mtimeNs) return file;
  await file.close();
  throw new AnimateDiffError(
    'weights-format',
    `${path} was changed since it was given as a source: load it again`,
    {
      details: { file: path, expectedSize: Number(expected.size), size: Number(found.size) },
    },
  );
}
