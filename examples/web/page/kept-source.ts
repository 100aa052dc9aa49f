import { type ByteSource, type ModelSource, urlSource } from 'animatediff-js';
import { type CacheProgress, cachedFiles, cachedSource, clearCachedFiles } from 'animatediff-js/web';

/** How files from the network are fetched. */
export interface KeepOptions {
  /** Told of bytes that arrive. */
  readonly onProgress: (progress: CacheProgress) => void;
  /** What tells an older content of the same address apart. Default: addresses do not change their content. */
  readonly edition?: string | undefined;
}

/** A file or folder from the network that is kept in the browser's store: the next visit needs no network for it. */
export function keptSource(url: URL, { onProgress, edition }: KeepOptions): ModelSource {
  if (!hasStore()) return urlSource(url);
  const name = nameOf(url);
  return cachedSource(url, {
    name,
    onProgress,
    ...(edition === undefined ? {} : { key: `${url.href}#${edition}` }),
  });
}

/** The same for what is known to be a file. */
export function keptFile(url: URL, options: KeepOptions): ByteSource {
  return keptSource(url, options) as ByteSource;
}

/** Whether all of a file is in the store. */
export async function isKept(url: URL): Promise<boolean> {
  if (!hasStore()) return false;
  const name = nameOf(url);
  return (await cachedFiles()).some((file) => file.complete && file.name === name);
}

/** Lets go of everything that was kept. */
export async function emptyStore(): Promise<void> {
  if (hasStore()) await clearCachedFiles();
}

// Pages without https have neither of them.
function hasStore(): boolean {
  return 'caches' in globalThis || 'storage' in navigator;
}

/** The address without what may be secret in it. */
function nameOf({ origin, pathname }: URL): string {
  return origin === location.origin ? pathname.slice(1) : `${origin}${pathname}`;
}
