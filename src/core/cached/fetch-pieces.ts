import { AnimateDiffError } from '../errors.js';
import { type Readable, readAhead } from '../read-ahead.js';
import { type Sha256, sha256 } from '../sha256.js';
import type { ByteSource } from '../source.js';
import type { CacheProgress } from './cached-source-options.js';
import {
  type KeptFacts,
  type KeptFile,
  pieceBytes,
  readKept,
  sizeOfPiece,
  writeFacts,
  writePiece,
} from './kept-file.js';
import type { PartStore } from './part-store.js';
import { checkRoom, storeError } from './store-room.js';

/** One file on its way into the store. */
export interface FetchRequest {
  readonly store: PartStore;
  readonly folder: string;
  /** Where it comes from, opened for this request. */
  readonly remote: ByteSource;
  /** What it must be, in lower case. */
  readonly sha256: string | undefined;
  readonly onProgress: ((progress: CacheProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Pieces that are fetched at once: the network does not wait for the disk, nor for a server's next answer. */
const ahead = { reads: 3, bytes: Number.POSITIVE_INFINITY };

/**
 * Fetches what is missing of a file, piece by piece. Pieces of the same content that are there from an earlier try stay; of
 * other content, or of one that nothing can tell from others, they are removed.
 * @throws what the source throws; `backend` when there is no room; `weights-format` for another SHA-256 than expected.
 */
export async function fetchPieces(request: FetchRequest): Promise<KeptFile> {
  const { store, folder, remote, signal } = request;
  const { name } = remote;
  const size = await remote.size({ signal });
  const version = await remote.fingerprint({ signal });
  const before = await usable(request, size, version);
  const facts: KeptFacts = before?.facts ?? { name, size, version, begun: Date.now() };
  const done = (before?.pieces.length ?? 0) * pieceBytes;
  await checkRoom(name, Math.max(0, size - done));
  try {
    if (before === undefined) await writeFacts(store, folder, facts);
    const digest = await missingPieces(request, size, before?.pieces ?? []);
    const checked = await checkDigest(request, facts, digest);
    const kept = await readKept(store, folder);
    if (kept?.complete) return { ...kept, facts: checked };
  } catch (error) {
    throw await storeError(error, name, size);
  }
  throw new AnimateDiffError(
    'backend',
    `${name}: the browser's store lost what was written to it. Try again.`,
    {
      details: { file: name },
    },
  );
}

async function usable(
  { store, folder }: FetchRequest,
  size: number,
  version: string | undefined,
): Promise<KeptFile | undefined> {
  const found = await readKept(store, folder);
  const same = version !== undefined && found?.facts.version === version && found.facts.size === size;
  if (found !== undefined && same) return found;
  await store.remove(folder);
  return undefined;
}

async function missingPieces(
  { store, folder, remote, sha256: expected, onProgress, signal }: FetchRequest,
  size: number,
  before: readonly Blob[],
): Promise<Sha256 | undefined> {
  const digest = expected === undefined ? undefined : sha256();
  for (const piece of digest ? before : []) digest?.update(new Uint8Array(await piece.arrayBuffer()));
  const count = Math.ceil(size / pieceBytes);
  const report = (pieces: number): void =>
    onProgress?.({ name: remote.name, loaded: Math.min(size, pieces * pieceBytes), total: size });
  const missing = Array.from({ length: count - before.length }, (_, place): Readable => {
    const index = before.length + place;
    const byteLength = sizeOfPiece(size, index);
    return { byteLength, read: (all) => remote.read(index * pieceBytes, byteLength, { signal: all }) };
  });
  let index = before.length;
  report(index);
  for await (const bytes of readAhead(missing, ahead, signal)) {
    signal?.throwIfAborted();
    digest?.update(bytes);
    await writePiece(store, folder, index, bytes as Uint8Array<ArrayBuffer>);
    report(++index);
  }
  return digest;
}

async function checkDigest(
  { store, folder, remote, sha256: expected }: FetchRequest,
  facts: KeptFacts,
  digest: Sha256 | undefined,
): Promise<KeptFacts> {
  if (expected === undefined || digest === undefined) return facts;
  const found = digest.hex();
  if (found !== expected) {
    await store.remove(folder);
    throw wrongDigest(remote.name, expected, found);
  }
  const checked = { ...facts, sha256: found };
  await writeFacts(store, folder, checked);
  return checked;
}

function wrongDigest(name: string, expected: string, found: string): AnimateDiffError {
  return new AnimateDiffError(
    'weights-format',
    `${name} has the SHA-256 ${found}, but ${expected} was expected. It is another file, or was damaged on its way: it was not kept.`,
    { details: { file: name, expected, found } },
  );
}
