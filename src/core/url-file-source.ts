import { sha256Hex } from './byte-source-digest.js';
import { checkRange } from './byte-source-range.js';
import { type SharedWork, sharedWork } from './shared-work.js';
import type { ByteSource } from './source.js';
import { parsedUrl, type UrlSourceOptions, type UrlTarget, urlTarget } from './url-source-options.js';
import { probeUrl, type UrlProbe } from './url-source-probe.js';
import { readUrlRange } from './url-source-read.js';
import { checkSameVersion, type UrlVersion } from './url-source-response.js';

/** A file behind a URL, read by ranges; see `urlSource`. */
export function urlFileSource(url: string | URL, options: UrlSourceOptions = {}): ByteSource {
  const target = urlTarget(parsedUrl(url), options);
  const open = opener(target);
  return {
    kind: 'file',
    name: target.name,
    size: async ({ signal } = {}) => (await open.get(signal)).version.size,
    read: async (offset, length, { signal } = {}) => {
      signal?.throwIfAborted();
      const { version, head } = await open.get(signal);
      checkRange(target.name, offset, length, version.size);
      if (offset + length <= head.byteLength) return head.slice(offset, offset + length);
      return readUrlRange(target, version, offset, length, signal);
    },
    fingerprint: async ({ signal } = {}) => fingerprintOf(target, (await open.get(signal)).version),
    close: async () => open.forget(),
  };
}

// A weak ETag (RFC 9110 §8.8.1) may stay the same over changes of bytes; the URL may hold secrets, so only its digest is kept.
async function fingerprintOf(target: UrlTarget, { etag, size }: UrlVersion): Promise<string | undefined> {
  if (!etag.startsWith('"')) return undefined;
  const digest = await sha256Hex(new TextEncoder().encode(target.url));
  return digest && `url:${digest}:${etag}:${size}`;
}

/** The first request, whose answer is kept; after `forget` a later one must tell of the same content. */
function opener(target: UrlTarget): SharedWork<UrlProbe> {
  let firstVersion: UrlVersion | undefined;
  return sharedWork(async (signal) => {
    const found = await probeUrl(target, signal);
    if (firstVersion !== undefined) checkSameVersion(target.name, firstVersion, found.version);
    firstVersion = found.version;
    return found;
  });
}
