import { blobSource } from '../blob-source.js';
import { AnimateDiffError } from '../errors.js';
import { sha256 } from '../sha256.js';
import { sharedWork } from '../shared-work.js';
import type { ByteSource, ReadOptions } from '../source.js';
import type { CachedSourceOptions } from './cached-source-options.js';
import { fetchPieces } from './fetch-pieces.js';
import { withFileLock } from './file-lock.js';
import { type KeptFacts, type KeptFile, readKept, writeFacts } from './kept-file.js';
import { openStore } from './open-store.js';
import type { PartStore } from './part-store.js';

/** One file, and where it comes from and goes to. */
export interface CachedFileRequest extends Pick<CachedSourceOptions, 'sha256' | 'onProgress'> {
  readonly name: string;
  /** See `CachedSourceOptions.key`. */
  readonly key: string;
  readonly revalidate: boolean;
  /** The file anew: a source stays with the content that it first saw. */
  readonly open: () => ByteSource;
}

/** A file that is whole in the store. */
interface OpenFile {
  readonly facts: KeptFacts;
  readonly bytes: ByteSource;
}

/** A file that is fetched into the store when it is first read. */
export function cachedFile(request: CachedFileRequest): ByteSource {
  const { name } = request;
  const opened = sharedWork((signal) => openFile(request, signal));

  async function read(offset: number, length: number, options: ReadOptions): Promise<Uint8Array> {
    try {
      return await (await opened.get(options.signal)).bytes.read(offset, length, options);
    } catch (error) {
      if (!isLost(error)) throw error;
    }
    // Another page has removed it, or the browser made room: it is fetched again.
    opened.forget();
    return (await opened.get(options.signal)).bytes.read(offset, length, options);
  }

  return {
    kind: 'file',
    name,
    size: async ({ signal } = {}) => (await opened.get(signal)).bytes.size({ signal }),
    read: (offset, length, options = {}) => read(offset, length, options),
    fingerprint: async ({ signal } = {}) => {
      const { facts } = await opened.get(signal);
      return facts.version ?? `cached:${folderOf(request.key)}:${facts.begun}`;
    },
    close: async () => opened.forget(),
  };
}

/** The folder of the store that belongs to a key. */
export function folderOf(key: string): string {
  const digest = sha256();
  digest.update(new TextEncoder().encode(key));
  return digest.hex();
}

async function openFile(request: CachedFileRequest, signal: AbortSignal | undefined): Promise<OpenFile> {
  const store = await openStore();
  const folder = folderOf(request.key);
  return withFileLock(folder, signal, async () => {
    const found = await readKept(store, folder);
    const kept = found?.complete ? await checked(request, store, folder, found, signal) : undefined;
    // With the digest that is wanted, nothing could have changed.
    const asks = request.revalidate && request.sha256 === undefined;
    if (kept !== undefined && !(asks && (await hasChanged(request, kept, signal)))) {
      return openKept(request.name, kept);
    }
    const remote = request.open();
    try {
      const { sha256: expected, onProgress } = request;
      const fetched = await fetchPieces({
        store,
        folder,
        remote,
        sha256: expected?.toLowerCase(),
        onProgress,
        signal,
      });
      return openKept(request.name, fetched);
    } finally {
      await remote.close();
    }
  });
}

function openKept(name: string, { facts, pieces }: KeptFile): OpenFile {
  return { facts, bytes: blobSource(new Blob([...pieces]), { name }) };
}

/** What is kept, if it has the digest that is wanted now; it may have been kept without one. */
async function checked(
  { name, sha256: expected }: CachedFileRequest,
  store: PartStore,
  folder: string,
  kept: KeptFile,
  signal: AbortSignal | undefined,
): Promise<KeptFile | undefined> {
  const wanted = expected?.toLowerCase();
  if (wanted === undefined || kept.facts.sha256 === wanted) return kept;
  const digest = sha256();
  for (const piece of kept.pieces) {
    signal?.throwIfAborted();
    digest.update(new Uint8Array(await piece.arrayBuffer()));
  }
  const found = digest.hex();
  if (found !== wanted) {
    await store.remove(folder);
    return undefined;
  }
  const facts = { ...kept.facts, name, sha256: found };
  await writeFacts(store, folder, facts);
  return { ...kept, facts };
}

async function hasChanged(
  { open }: CachedFileRequest,
  { facts }: KeptFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const remote = open();
  try {
    const [size, version] = [await remote.size({ signal }), await remote.fingerprint({ signal })];
    return size !== facts.size || version === undefined || version !== facts.version;
  } catch {
    signal?.throwIfAborted();
    return false;
  } finally {
    await remote.close();
  }
}

function isLost(error: unknown): boolean {
  return AnimateDiffError.isInstance(error) && error.cause instanceof DOMException;
}
