import { AnimateDiffError } from './errors.js';

/** Options of `urlSource`. */
export interface UrlSourceOptions {
  /** Replaces the platform's `fetch`: for proxies, caches, signing. Default `globalThis.fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Sent with every request, such as `{ authorization: 'Bearer …' }`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Shown in errors. Default: the URL without its query and credentials, which may be secret. */
  name?: string | undefined;
}

/** Where and how to ask for one file. */
export interface UrlTarget {
  readonly url: string;
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
}

/** Fills in the defaults of {@link UrlSourceOptions}. */
export function urlTarget(url: URL, options: UrlSourceOptions): UrlTarget {
  return {
    url: url.href,
    name: options.name ?? `${url.origin === 'null' ? url.protocol : url.origin}${url.pathname}`,
    headers: options.headers ?? {},
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

/**
 * A URL from what a caller gave; relative ones are taken from the page.
 * @throws `invalid-options`
 */
export function parsedUrl(url: string | URL): URL {
  try {
    return new URL(url, globalThis.location?.href);
  } catch (cause) {
    throw new AnimateDiffError('invalid-options', `'${url}' is not a URL`, { cause });
  }
}
