import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

/** A running server. */
export interface RunningServer {
  /** Such as `http://localhost:1234`. */
  readonly origin: string;
  close(): Promise<void>;
}

/** Starts a server on a free port of this machine. */
export async function startServer(answer: RequestListener): Promise<RunningServer> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Lets a page use threads. */
export function isolate(response: ServerResponse): void {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
}

/** Answers with a file, or a range of it, and its ETag. */
export function sendFile(path: string, request: IncomingMessage, response: ServerResponse): void {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts?.isFile() !== true) {
    response.writeHead(404).end();
    return;
  }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from ?? 0);
  const end = Math.min(to ? Number(to) : facts.size - 1, facts.size - 1);
  response.writeHead(from === undefined ? 200 : 206, {
    'Content-Type': types[extname(path)] ?? 'application/octet-stream',
    'Content-Length': end - start + 1,
    'Accept-Ranges': 'bytes',
    ETag: `"${facts.size}-${facts.mtimeMs}"`,
    ...(from === undefined ? {} : { 'Content-Range': `bytes ${start}-${end}/${facts.size}` }),
  });
  if (request.method === 'HEAD' || facts.size === 0) response.end();
  else createReadStream(path, { start, end }).pipe(response);
}
