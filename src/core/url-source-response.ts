import { AnimateDiffError } from './errors.js';
import { TransientFailure } from './url-source-retry.js';

/**
 * Refuses answers that are not the file.
 * @throws {TransientFailure} for 429 and 5xx; `invalid-options` for other statuses from 400 up (status in `details`);
 * `weights-format` when the answer is a web page.
 */
export function checkAnswer(name: string, response: Response): void {
  const { status } = response;
  if (status === 429 || status >= 500) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    throw new TransientFailure(`the server answered ${status}`, seconds >= 0 ? seconds * 1000 : undefined);
  }
  if (status >= 400 && status !== 416) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: the server answered ${status}. ${advice(status)}`,
      {
        details: { file: name, status },
      },
    );
  }
  if (/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) {
    throw new AnimateDiffError(
      'weights-format',
      `${name} is a web page, not a weight file. Use the address of the download itself (on Hugging Face: /resolve/, ` +
        'not /blob/), with the headers that it needs.',
      { details: { file: name, status, html: true } },
    );
  }
}

function advice(status: number): string {
  if (status === 401 || status === 403)
    return 'It asks for permission: pass headers such as { authorization } or use another address.';
  if (status === 404 || status === 410) return 'There is no file at this address.';
  return 'Check the address and the headers.';
}

/** Size of a file that a server without ranges may send whole, in bytes. */
export const WHOLE_BYTES: number = 64 * 2 ** 20;

/** The error of a large file behind a server that sends files only whole. */
export function noRanges(name: string): AnimateDiffError {
  return new AnimateDiffError(
    'unsupported',
    `${name}: the server does not serve ranges of bytes, and the file is larger than ${WHOLE_BYTES / 2 ** 20} MiB. ` +
      'Use a server that answers Range requests, or download the file first.',
    { details: { file: name } },
  );
}

/** Which content an answer belongs to. */
export interface UrlVersion {
  /** Size of the whole file in bytes. */
  readonly size: number;
  /** Empty when the server sends none, or hides it from other origins. */
  readonly etag: string;
  readonly lastModified: string;
}

/** The version that an answer's headers tell. */
export function versionOf(response: Response, size: number): UrlVersion {
  return {
    size,
    etag: response.headers.get('etag') ?? '',
    lastModified: response.headers.get('last-modified') ?? '',
  };
}

/** @throws `weights-format` when two answers come from different contents. */
export function checkSameVersion(name: string, expected: UrlVersion, found: UrlVersion): void {
  const differ = (a: string, b: string) => a !== '' && b !== '' && a !== b;
  const etags = expected.etag !== '' && found.etag !== '';
  const changed = etags ? expected.etag !== found.etag : differ(expected.lastModified, found.lastModified);
  if (changed || expected.size !== found.size) throw changedMeanwhile(name);
}

/** The error of a file that was replaced on the server between two reads. */
export function changedMeanwhile(name: string): AnimateDiffError {
  return new AnimateDiffError(
    'weights-format',
    `${name} changed on the server while it was read: load it again`,
    {
      details: { file: name },
    },
  );
}

/** Numbers of a `Content-Range` header; members that it does not tell are `undefined`. */
export interface ContentRange {
  /** First byte, and one past the last. */
  readonly begin: number | undefined;
  readonly end: number | undefined;
  readonly size: number | undefined;
}

/** Reads a `Content-Range` header such as `bytes 0-99/1234`, where a star stands for what is not told (RFC 9110 §14.4). */
export function contentRange(response: Response): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)$/.exec(
    response.headers.get('content-range') ?? '',
  );
  if (match === null) return undefined;
  const [, first, last, size] = match;
  return {
    begin: first === undefined ? undefined : Number(first),
    end: last === undefined ? undefined : Number(last) + 1,
    size: size === undefined ? undefined : Number(size),
  };
}

/** Hands the body to `take` chunk by chunk. `take` may throw to stop early. */
export async function eachChunk(
  response: Response,
  alive: () => void,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      take(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error;
  }
}
