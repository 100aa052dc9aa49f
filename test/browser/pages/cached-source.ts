import { AnimateDiffError, type ByteSource, blobSource, type FolderSource } from 'animatediff-js';
import {
  type CachedFile,
  type CachedFilesClearing,
  type CachedSourceOptions,
  type CacheProgress,
  cachedFiles,
  cachedSource,
  clearCachedFiles,
} from 'animatediff-js/web';

/** What came of reading a file, or why nothing did. */
export interface Kept {
  readonly size?: number;
  readonly sha256?: string;
  readonly fingerprint?: string | undefined;
  readonly progress: readonly CacheProgress[];
  readonly error?: { readonly code: string; readonly message: string; readonly details: unknown };
}

/** How a file is read. */
export interface KeepOptions extends Pick<CachedSourceOptions, 'key' | 'sha256' | 'revalidate' | 'headers'> {
  /** Aborts when so many bytes are kept. */
  readonly abortAt?: number;
}

/** Reads a whole file through the store. */
export function keep(url: string, { abortAt, ...options }: KeepOptions = {}): Promise<Kept> {
  const controller = new AbortController();
  const progress: CacheProgress[] = [];
  const onProgress = (each: CacheProgress): void => {
    progress.push(each);
    if (each.loaded >= (abortAt ?? Number.POSITIVE_INFINITY)) controller.abort(new Error('enough'));
  };
  return told(progress, () => cachedSource(url, { ...options, onProgress }) as ByteSource, controller.signal);
}

// Workers have this module too. Begun early: a visit without network cannot begin it.
const worker =
  'document' in globalThis ? new Worker('/cached-source-worker.js', { type: 'module' }) : undefined;

/** Resolves when the worker listens. */
export const workerReady: Promise<unknown> = new Promise((resolve) => {
  worker?.addEventListener('message', resolve, { once: true });
});

/** The same as {@link keep} in a worker. */
export function keepInWorker(url: string, options: KeepOptions = {}): Promise<Kept> {
  return new Promise<Kept>((resolve) => {
    worker?.addEventListener('message', ({ data }: MessageEvent<Kept>) => resolve(data), { once: true });
    worker?.postMessage([url, options]);
  });
}

/** The files of a folder that are there, by their sizes. */
export async function keepFolder(url: string, paths: readonly string[]): Promise<(number | undefined)[]> {
  const folder = cachedSource(url) as FolderSource;
  const sizes: (number | undefined)[] = [];
  for (const path of paths) {
    const file = await folder.file(path);
    sizes.push((await file?.read(0, await file.size()))?.byteLength);
  }
  return sizes;
}

/** A source of one's own, of a text. */
export function keepText(text: string, name: string): Promise<Kept> {
  return told([], () => cachedSource(blobSource(new Blob([text]), { name })), undefined);
}

/** Reads a file, has it removed behind the source's back, and reads it again. */
export async function readAfterClearing(url: string): Promise<number[]> {
  const source = cachedSource(url) as ByteSource;
  await source.read(0, 10);
  await clearCachedFiles();
  return [...(await source.read(9_000_000, 4))];
}

export function list(): Promise<CachedFile[]> {
  return cachedFiles();
}

export function clear(name?: string): Promise<CachedFilesClearing> {
  return clearCachedFiles(name === undefined ? undefined : (file) => file.name.endsWith(name));
}

async function told(
  progress: readonly CacheProgress[],
  open: () => ByteSource,
  signal: AbortSignal | undefined,
): Promise<Kept> {
  try {
    const source = open();
    const size = await source.size({ signal });
    const bytes = await source.read(0, size, { signal });
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { size, sha256, fingerprint: await source.fingerprint(), progress };
  } catch (error) {
    const { message } = error as Error;
    if (!AnimateDiffError.isInstance(error))
      return { progress, error: { code: 'other', message, details: {} } };
    return { progress, error: { code: error.code, message, details: error.details } };
  }
}
