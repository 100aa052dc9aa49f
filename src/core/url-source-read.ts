import { allocateBytes } from './byte-source-range.js';
import type { AnimateDiffError } from './errors.js';
import type { UrlTarget } from './url-source-options.js';
import {
  changedMeanwhile,
  checkAnswer,
  checkSameVersion,
  contentRange,
  eachChunk,
  noRanges,
  type UrlVersion,
  versionOf,
} from './url-source-response.js';
import { TransientFailure, withRetries } from './url-source-retry.js';

/**
 * Reads a range of a file whose version is known. A retry goes on where the connection was cut.
 * @throws `weights-format` when the file is another than `version`.
 */
export async function readUrlRange(
  target: UrlTarget,
  version: UrlVersion,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = allocateBytes(target.name, length);
  let done = 0;
  await withRetries(target.name, signal, async (attempt) => {
    const headers = rangeHeaders(target, version, offset + done, offset + length);
    const response = await target.fetch(target.url, { headers, signal: attempt.signal });
    checkAnswer(target.name, response);
    checkPart(target, version, response, offset + done, offset + length);
    await eachChunk(response, attempt.alive, (chunk) => {
      if (chunk.byteLength > length - done)
        throw new TransientFailure('the server sent more than it was asked for');
      bytes.set(chunk, done);
      done += chunk.byteLength;
    });
    if (done < length) throw new TransientFailure('the connection was cut');
  });
  return bytes;
}

function rangeHeaders(
  target: UrlTarget,
  version: UrlVersion,
  begin: number,
  end: number,
): Record<string, string> {
  const headers: Record<string, string> = { ...target.headers, range: `bytes=${begin}-${end - 1}` };
  const validator = version.etag.startsWith('"') ? version.etag : version.lastModified;
  if (validator !== '' && !isCrossOrigin(target.url)) headers['if-range'] = validator;
  return headers;
}

// In a page, If-Range makes the browser ask another origin for leave first, which file servers rarely give. There the
// validators of each answer are compared instead.
function isCrossOrigin(url: string): boolean {
  const origin = globalThis.location?.origin;
  return origin !== undefined && origin !== new URL(url).origin;
}

function checkPart(
  target: UrlTarget,
  version: UrlVersion,
  response: Response,
  begin: number,
  end: number,
): void {
  if (response.status !== 206) throw notAPart(target.name, version, response);
  const range = contentRange(response);
  checkSameVersion(target.name, version, versionOf(response, range?.size ?? version.size));
  if ((range?.begin ?? begin) !== begin || (range?.end ?? end) !== end) {
    throw new TransientFailure('the server sent another range than it was asked for');
  }
}

function notAPart(name: string, version: UrlVersion, response: Response): AnimateDiffError {
  const etag = response.headers.get('etag') ?? '';
  const same = etag !== '' && etag === version.etag;
  return response.status === 200 && same ? noRanges(name) : changedMeanwhile(name);
}
