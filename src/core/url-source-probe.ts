import { AnimateDiffError } from './errors.js';
import type { UrlTarget } from './url-source-options.js';
import {
  checkAnswer,
  contentRange,
  eachChunk,
  noRanges,
  type UrlVersion,
  versionOf,
  WHOLE_BYTES,
} from './url-source-response.js';
import { type Attempt, TransientFailure, withRetries } from './url-source-retry.js';

/** What the first request tells of a file. */
export interface UrlProbe {
  readonly version: UrlVersion;
  /** The file's first bytes, or all of them when `whole`. */
  readonly head: Uint8Array;
  /** The server serves no ranges, so the file was fetched whole. */
  readonly whole: boolean;
}

/** Headers and most JSON files fit, so that sniffing a container costs no request of its own. */
const HEAD_BYTES = 64 * 2 ** 10;

/**
 * Asks for the first 64 KiB. The answer tells the size, the version, and whether the server serves ranges; if it does
 * not, a file of up to 64 MiB is taken whole.
 * @throws `unsupported` for a larger file without ranges; what `checkAnswer` throws.
 */
export function probeUrl(target: UrlTarget, signal: AbortSignal | undefined): Promise<UrlProbe> {
  return withRetries(target.name, signal, async (attempt) => {
    const headers = { ...target.headers, range: `bytes=0-${HEAD_BYTES - 1}` };
    const response = await target.fetch(target.url, { headers, signal: attempt.signal });
    checkAnswer(target.name, response);
    if (response.status === 416) return emptyFile(response);
    if (response.status === 206) return firstPart(target, response, attempt);
    return wholeFile(target, response, attempt);
  });
}

function emptyFile(response: Response): UrlProbe {
  const size = contentRange(response)?.size;
  if (size === undefined || size === 0)
    return { version: versionOf(response, 0), head: new Uint8Array(0), whole: true };
  throw new TransientFailure('the server refused the first bytes of the file');
}

async function firstPart(target: UrlTarget, response: Response, attempt: Attempt): Promise<UrlProbe> {
  const range = contentRange(response);
  const size = range?.size ?? (await sizeByHead(target, attempt));
  const expected = Math.min(HEAD_BYTES, size);
  if ((range?.begin ?? 0) !== 0 || (range?.end ?? expected) !== expected) {
    throw new TransientFailure('the server sent another range than it was asked for');
  }
  const head = await collect(target, response, attempt, expected);
  if (head.byteLength !== expected) throw new TransientFailure('the connection was cut');
  return { version: versionOf(response, size), head, whole: false };
}

// Other origins may hide Content-Range from scripts; Content-Length is always visible.
async function sizeByHead(target: UrlTarget, attempt: Attempt): Promise<number> {
  const response = await target.fetch(target.url, {
    method: 'HEAD',
    headers: target.headers,
    signal: attempt.signal,
  });
  const size = declaredLength(response);
  if (response.ok && size !== undefined) return size;
  throw new AnimateDiffError(
    'unsupported',
    `${target.name}: the server does not tell the file's size (Content-Range). It must allow that header to be seen.`,
    { details: { file: target.name } },
  );
}

async function wholeFile(target: UrlTarget, response: Response, attempt: Attempt): Promise<UrlProbe> {
  const declared = declaredLength(response);
  if (declared !== undefined && declared > WHOLE_BYTES) throw noRanges(target.name);
  const head = await collect(target, response, attempt, WHOLE_BYTES);
  // The length of a compressed answer is not that of the file.
  if (declared !== undefined && !response.headers.has('content-encoding') && declared !== head.byteLength) {
    throw new TransientFailure('the connection was cut');
  }
  return { version: versionOf(response, head.byteLength), head, whole: true };
}

function declaredLength(response: Response): number | undefined {
  const text = response.headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function collect(
  target: UrlTarget,
  response: Response,
  attempt: Attempt,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  await eachChunk(response, attempt.alive, (chunk) => {
    length += chunk.byteLength;
    if (length > limit) throw tooMuch(target.name, response);
    chunks.push(chunk);
  });
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function tooMuch(name: string, response: Response): Error {
  return response.status === 206
    ? new TransientFailure('the server sent more than it was asked for')
    : noRanges(name);
}
