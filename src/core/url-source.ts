import { AnimateDiffError } from './errors.js';
import { folderPathParts } from './folder-source-path.js';
import type { ByteSource, FolderSource, ModelSource } from './source.js';
import { urlFileSource } from './url-file-source.js';
import { parsedUrl, type UrlSourceOptions } from './url-source-options.js';

/**
 * A file behind a URL, or a folder when the URL's path ends in `/` (see {@link urlFolderSource}). Relative URLs are taken
 * from the page.
 *
 * A file is read by HTTP ranges, so that only what is needed travels; a server that serves none sends files of up to
 * 64 MiB whole. Network failures, 429 and 5xx are tried again three times. ETag and Last-Modified are compared between
 * requests: a file that is replaced meanwhile is an error. The fingerprint needs a strong ETag. Since a file is not read whole,
 * its SHA-256 cannot be checked here; `cachedSource` of the web door does.
 * @throws `invalid-options` at once when `url` is no URL; what reads throw: `invalid-options` for statuses from 400 to
 * 499 (`details.status`), `unsupported` for a large file without ranges, `weights-format` for all else.
 */
export function urlSource(url: string | URL, options: UrlSourceOptions = {}): ModelSource {
  return parsedUrl(url).pathname.endsWith('/') ? urlFolderSource(url, options) : urlFileSource(url, options);
}

/**
 * A folder behind a URL: `unet/config.json` is asked for below it, with the same query and headers. A file that the
 * server answers with 404, 410, or a web page (as servers of single-page applications do) is not there.
 * @throws `invalid-options` at once when `url` is no URL.
 */
export function urlFolderSource(url: string | URL, options: UrlSourceOptions = {}): FolderSource {
  const base = parsedUrl(url);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const name = options.name ?? `${base.origin}${base.pathname}`;
  return {
    kind: 'folder',
    name,
    file: async (path, { signal } = {}) => {
      signal?.throwIfAborted();
      const parts = folderPathParts(name, path);
      const full = new URL(base);
      full.pathname += parts.map(encodeURIComponent).join('/');
      const file = urlFileSource(full, { ...options, name: `${name.replace(/\/$/, '')}/${parts.join('/')}` });
      return (await isThere(file, signal)) ? file : undefined;
    },
  };
}

async function isThere(file: ByteSource, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await file.size({ signal });
    return true;
  } catch (error) {
    if (!AnimateDiffError.isInstance(error)) throw error;
    const { status, html } = error.details;
    if (status === 404 || status === 410 || html === true) return false;
    throw error;
  }
}
