import * as z from 'zod/mini';
import type { PartStore } from './part-store.js';

/** Bytes of one piece. What an interruption loses is at most this, and as much is in memory. */
export const pieceBytes: number = 8 * 2 ** 20;

/** What is known of a file that is kept, or partly. */
export interface KeptFacts {
  /** What people call the file; no secrets. */
  readonly name: string;
  /** Bytes of the whole file; `undefined` when the server had no such file. */
  readonly size?: number | undefined;
  /** The fingerprint of the content that it was read from, if it has one. */
  readonly version?: string | undefined;
  /** When it was begun, in milliseconds since 1970: tells contents without a version apart. */
  readonly begun: number;
  /** SHA-256 in hexadecimal digits, once all of it was checked. */
  readonly sha256?: string | undefined;
}

/** Facts and pieces of one folder of the store. */
export interface KeptFile {
  readonly facts: KeptFacts;
  /** The first pieces, without a gap, each of its whole size. */
  readonly pieces: readonly Blob[];
  readonly complete: boolean;
}

const factsName = 'facts.json';
const factsBytes = 2 ** 16;

// The store may hold what an older or newer version wrote, or what was cut off.
const schema: z.ZodMiniType<KeptFacts> = z.object({
  name: z.string(),
  size: z.optional(z.int().check(z.gte(0))),
  version: z.optional(z.string()),
  begun: z.number(),
  sha256: z.optional(z.string()),
});

/** What a folder holds; `undefined` when there is nothing of use. */
export async function readKept(store: PartStore, folder: string): Promise<KeptFile | undefined> {
  const facts = await readFacts(store, folder);
  if (facts === undefined) return undefined;
  const { size = 0 } = facts;
  const count = Math.ceil(size / pieceBytes);
  const pieces: Blob[] = [];
  while (pieces.length < count) {
    const piece = await store.read(folder, pieceName(pieces.length));
    if (piece?.size !== sizeOfPiece(size, pieces.length)) break;
    pieces.push(piece);
  }
  return { facts, pieces, complete: facts.size !== undefined && pieces.length === count };
}

/** Writes what is known of a file. */
export function writeFacts(store: PartStore, folder: string, facts: KeptFacts): Promise<void> {
  return store.write(folder, factsName, new TextEncoder().encode(JSON.stringify(facts)));
}

export function writePiece(
  store: PartStore,
  folder: string,
  index: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  return store.write(folder, pieceName(index), bytes);
}

/** Bytes of a file's piece. */
export function sizeOfPiece(size: number, index: number): number {
  return Math.min(pieceBytes, size - index * pieceBytes);
}

function pieceName(index: number): string {
  return `piece-${index}`;
}

async function readFacts(store: PartStore, folder: string): Promise<KeptFacts | undefined> {
  const blob = await store.read(folder, factsName);
  if (blob === undefined || blob.size > factsBytes) return undefined;
  try {
    return schema.parse(JSON.parse(await blob.text()), { jitless: true });
  } catch {
    return undefined;
  }
}
