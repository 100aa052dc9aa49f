import * as z from 'zod/mini';
import { checkOptions } from '../check-options.js';
import type { UrlSourceOptions } from '../url-source-options.js';

/** How far a file is on its way into the browser's store. */
export interface CacheProgress {
  /** The file, as it is called in errors. */
  readonly name: string;
  /** Bytes that are kept, those of an earlier visit included. */
  readonly loaded: number;
  /** Bytes of the whole file. */
  readonly total: number;
}

/** Options of `cachedSource`. Those for requests matter for URLs alone. */
export interface CachedSourceOptions extends UrlSourceOptions {
  /**
   * What the file is kept under; the same key is the same file. Default: the URL with its query, or a source's name. Give
   * one where a query has signatures that change. Only its digest is stored.
   */
  key?: string | undefined;
  /**
   * SHA-256 that the file must have, 64 hexadecimal digits. Checked once, when all of it is there; a file with another is
   * not kept. Not for folders.
   */
  sha256?: string | undefined;
  /**
   * Whether to ask first if the file has changed, and to fetch it anew then. What is kept is used when there is no answer,
   * so without a network too. Default: false for URLs, which need no network then; true for sources, whose names may be
   * the same.
   */
  revalidate?: boolean | undefined;
  /** Told while a file is fetched, after each 8 MiB. What it throws rejects the read. */
  onProgress?: ((progress: CacheProgress) => void) | undefined;
}

/** Checks options. @throws `invalid-options`. */
export function checkCachedSourceOptions(options: CachedSourceOptions | undefined): CachedSourceOptions {
  return checkOptions<CachedSourceOptions>(schema(), options, 'cachedSource');
}

function schema(): z.ZodMiniType<CachedSourceOptions> {
  const callable = <T>(): z.ZodMiniType<T> =>
    z.custom<T>((it) => typeof it === 'function', 'must be a function');
  return z.strictObject({
    fetch: z.optional(callable<typeof globalThis.fetch>()),
    headers: z.optional(z.record(z.string(), z.string())),
    name: z.optional(z.string()),
    key: z.optional(z.string().check(z.minLength(1))),
    sha256: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/i, 'expected 64 hexadecimal digits'))),
    revalidate: z.optional(z.boolean()),
    onProgress: z.optional(callable<NonNullable<CachedSourceOptions['onProgress']>>()),
  });
}
