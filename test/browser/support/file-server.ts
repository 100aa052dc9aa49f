import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type RunningServer, startServer } from '../../support/http-server.js';

/** A file of a {@link FileServer}. */
export interface ServedFile {
  readonly bytes: Uint8Array;
  /** With its quotes. Empty: none is sent. */
  readonly etag: string;
}

/** A request, in few words. */
export interface ServedRequest {
  readonly path: string;
  /** First byte and last byte that was asked for. */
  readonly range: readonly [number, number] | undefined;
}

/** A server of another origin than the page's, with ranges, ETags and bad days. */
export interface FileServer extends RunningServer {
  /** What was asked for so far; may be emptied. */
  readonly requests: ServedRequest[];
  /** Files by their path, to be changed at will. */
  readonly files: Map<string, ServedFile>;
  /** Requests for bytes from here on are cut off in the midst of their answer. Default: none. */
  cutFrom: number;
}

/** A file of so many bytes that are nothing special. */
export function servedFile(length: number, seed = 1): ServedFile & { readonly sha256: string } {
  const bytes = new Uint8Array(length);
  for (let at = 0, state = seed; at < length; at++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    bytes[at] = state >> 16;
  }
  return { bytes, etag: `"${seed}"`, sha256: createHash('sha256').update(bytes).digest('hex') };
}

export async function fileServer(): Promise<FileServer> {
  const requests: ServedRequest[] = [];
  const files = new Map<string, ServedFile>();
  const server = await startServer((request, response) => answer(state, request, response));
  const state: FileServer = { ...server, requests, files, cutFrom: Number.POSITIVE_INFINITY };
  return state;
}

function answer(
  { requests, files, cutFrom }: FileServer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Headers', '*');
  response.setHeader('Access-Control-Expose-Headers', 'ETag, Content-Range');
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return;
  }
  const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname);
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  requests.push({ path, range: from === undefined ? undefined : [Number(from), Number(to)] });
  const file = files.get(path);
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { bytes, etag } = file;
  if (etag !== '') response.setHeader('ETag', etag);
  const [begin, end] = [Number(from ?? 0), Math.min(Number(to ?? bytes.length) + 1, bytes.length)];
  response.writeHead(from === undefined ? 200 : 206, {
    'Content-Length': end - begin,
    ...(from === undefined ? {} : { 'Content-Range': `bytes ${begin}-${end - 1}/${bytes.length}` }),
  });
  if (begin < cutFrom) response.end(bytes.subarray(begin, end));
  else response.write(bytes.subarray(begin, begin + 1000), () => response.destroy());
}
