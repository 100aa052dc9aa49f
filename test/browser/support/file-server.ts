import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

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
export interface FileServer {
  readonly origin: string;
  /** What was asked for so far; may be emptied. */
  readonly requests: ServedRequest[];
  /** Files by their path, to be changed at will. */
  readonly files: Map<string, ServedFile>;
  /** Requests for bytes from here on are cut off in the midst of their answer. Default: none. */
  cutFrom: number;
  close(): Promise<void>;
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
  const server = createServer((request, response) => answer(state, request, response));
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const state: FileServer = {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    requests,
    files,
    cutFrom: Number.POSITIVE_INFINITY,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
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
