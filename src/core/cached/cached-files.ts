import { ifUnlocked } from './file-lock.js';
import { type KeptFile, pieceBytes, readKept } from './kept-file.js';
import { openStore } from './open-store.js';

/** A file in the browser's store. */
export interface CachedFile {
  /** The source's name: for URLs without query and credentials. */
  readonly name: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Bytes that are kept. */
  readonly loaded: number;
  /** Whether all of it is kept. */
  readonly complete: boolean;
  /** When its fetch was begun, in milliseconds since 1970. */
  readonly begun: number;
}

/** What was removed from the browser's store. */
export interface CachedFilesClearing {
  /** Number of files. */
  readonly files: number;
  /** Their bytes. */
  readonly bytes: number;
}

/**
 * The files that `cachedSource` keeps for this origin, whole ones and parts, by name.
 * @throws `unsupported` where there is no store.
 */
export async function cachedFiles(): Promise<CachedFile[]> {
  const store = await openStore();
  const found = await Promise.all((await store.folders()).map((folder) => readKept(store, folder)));
  return found
    .flatMap((kept) => (kept?.facts.size === undefined ? [] : [describe(kept, kept.facts.size)]))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Removes files from the browser's store. Those that are being fetched at this moment stay. A source that is open fetches its
 * file again when it is next read.
 * @param which Which of them. Default: all, and whatever else was left there.
 * @throws `unsupported` where there is no store.
 */
export async function clearCachedFiles(which?: (file: CachedFile) => boolean): Promise<CachedFilesClearing> {
  const store = await openStore();
  let [files, bytes] = [0, 0];
  for (const folder of await store.folders()) {
    await ifUnlocked(folder, async () => {
      const kept = await readKept(store, folder);
      const size = kept?.facts.size;
      const file = kept === undefined || size === undefined ? undefined : describe(kept, size);
      if (which !== undefined && (file === undefined || !which(file))) return;
      await store.remove(folder);
      if (file === undefined) return;
      files += 1;
      bytes += file.loaded;
    });
  }
  return { files, bytes };
}

function describe({ facts: { name, begun }, pieces, complete }: KeptFile, size: number): CachedFile {
  return { name, size, loaded: Math.min(size, pieces.length * pieceBytes), complete, begun };
}
