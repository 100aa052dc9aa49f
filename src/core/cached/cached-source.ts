import { AnimateDiffError } from '../errors.js';
import { folderPathParts } from '../folder-source-path.js';
import type { ByteSource, FolderSource, ModelSource, ReadOptions } from '../source.js';
import { urlFileSource } from '../url-file-source.js';
import { urlFolderSource } from '../url-source.js';
import { parsedUrl, type UrlSourceOptions, urlTarget } from '../url-source-options.js';
import { cachedFile, folderOf } from './cached-file.js';
import { type CachedSourceOptions, checkCachedSourceOptions } from './cached-source-options.js';
import { withFileLock } from './file-lock.js';
import { readKept, writeFacts } from './kept-file.js';
import { openStore } from './open-store.js';

/**
 * A file or a folder behind a URL (see `urlSource`), or any other source, that is kept in the browser's store: the origin
 * private file system, or the Cache API where that cannot be used. On pages and in workers.
 *
 * A file is fetched whole when it is first read, and never again: later visits need no network. An interrupted fetch goes on
 * where it was, unless the file's fingerprint (for URLs a strong ETag) has changed. Pages that ask for the same file at once
 * fetch it once. Of a folder, the files that are asked for are kept, and also which of them are not there.
 * @throws `invalid-options` at once; what reads throw: as `urlSource` or the source; `unsupported` without a store; `backend`
 * when it has no room, with `details.needed`, `available` and `quota` in bytes; `weights-format` for another SHA-256.
 */
export function cachedSource(url: string | URL, options?: CachedSourceOptions): ModelSource;
/** The same for a file of your own, under its name or `key`. */
export function cachedSource(source: ByteSource, options?: CachedSourceOptions): ByteSource;
/** The same for a folder of your own, under its name or `key`. */
export function cachedSource(source: ModelSource, options?: CachedSourceOptions): ModelSource;
export function cachedSource(
  from: string | URL | ModelSource,
  options: CachedSourceOptions = {},
): ModelSource {
  const checked = checkCachedSourceOptions(options);
  const { sha256, onProgress, key, revalidate, ...request } = checked;
  const rest = { sha256, onProgress };
  if (typeof from === 'object' && 'kind' in from) {
    const name = request.name ?? from.name;
    const own = { ...rest, name, key: key ?? `source:${name}`, revalidate: revalidate ?? true };
    return from.kind === 'file' ? cachedFile({ ...own, open: () => from }) : folder(from, own);
  }
  const url = parsedUrl(from);
  const { name } = urlTarget(url, request);
  const own = { ...rest, name, key: key ?? url.href, revalidate: revalidate ?? false };
  const uncached = { ...request, fetch: uncachedFetch(request.fetch) };
  return url.pathname.endsWith('/')
    ? folder(urlFolderSource(url, uncached), own)
    : cachedFile({ ...own, open: () => urlFileSource(url, uncached) });
}

// The browser would keep gigabytes twice, and lets requests for ranges of one file wait for each other in its own cache.
function uncachedFetch(fetch: UrlSourceOptions['fetch']): typeof globalThis.fetch {
  return (input, init) => (fetch ?? globalThis.fetch)(input, { ...init, cache: 'no-store' });
}

interface FolderRequest extends Pick<CachedSourceOptions, 'sha256' | 'onProgress'> {
  readonly name: string;
  readonly key: string;
  readonly revalidate: boolean;
}

function folder(
  from: FolderSource,
  { name, key, revalidate, sha256, onProgress }: FolderRequest,
): FolderSource {
  if (sha256 !== undefined) {
    throw new AnimateDiffError(
      'invalid-options',
      `cachedSource: sha256 is for a single file, and ${name} is a folder`,
    );
  }
  return {
    kind: 'folder',
    name,
    async file(path, options) {
      const parts = folderPathParts(name, path).join('/');
      const fileName = `${name.replace(/\/$/, '')}/${parts}`;
      const fileKey = `${key}\n${parts}`;
      const found = await lookUp({ from, path: parts, name: fileName, key: fileKey, revalidate }, options);
      if (found === undefined) return undefined;
      return cachedFile({ name: fileName, key: fileKey, revalidate, onProgress, open: found.open });
    },
  };
}

interface LookUp {
  readonly from: FolderSource;
  readonly path: string;
  readonly name: string;
  readonly key: string;
  readonly revalidate: boolean;
}

/** Whether a folder has a file: what is kept of it says so, or the folder itself. */
async function lookUp(
  { from, path, name, key, revalidate }: LookUp,
  options: ReadOptions | undefined,
): Promise<{ open(): ByteSource } | undefined> {
  const store = await openStore();
  const place = folderOf(key);
  const kept = await readKept(store, place);
  const isAbsent = kept !== undefined && kept.facts.size === undefined;
  const open = (): ByteSource => lazyFile(from, path, name);
  if (kept?.complete) return { open };
  if (isAbsent && !revalidate) return undefined;
  const file = await from.file(path, options).catch((error: unknown) => {
    options?.signal?.throwIfAborted();
    if (isAbsent) return undefined;
    throw error;
  });
  if (file !== undefined) return { open };
  await withFileLock(place, options?.signal, () => writeFacts(store, place, { name, begun: Date.now() }));
  return undefined;
}

/** A file of a folder that is not asked for before it is needed. */
function lazyFile(from: FolderSource, path: string, name: string): ByteSource {
  let found: Promise<ByteSource> | undefined;
  const file = async (options?: ReadOptions): Promise<ByteSource> => {
    found ??= from.file(path, options).then((each) => {
      if (each !== undefined) return each;
      throw new AnimateDiffError('weights-format', `${name} is no longer there`, { details: { file: name } });
    });
    found.catch(() => {
      found = undefined;
    });
    return found;
  };
  return {
    kind: 'file',
    name,
    size: async (options) => (await file(options)).size(options),
    read: async (offset, length, options) => (await file(options)).read(offset, length, options),
    fingerprint: async (options) => (await file(options)).fingerprint(options),
    close: async () => {
      await (await found?.catch(() => undefined))?.close();
      found = undefined;
    },
  };
}
