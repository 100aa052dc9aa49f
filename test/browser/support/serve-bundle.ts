import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname, join, normalize, resolve } from 'node:path';
import { build } from 'esbuild';
import type { BrowserPageOptions } from './browser-page.js';

const root = resolve(import.meta.dirname, '../../..');
const runtimeFolder = join(root, 'node_modules/onnxruntime-web/dist');

/** A folder on disk, served below `/NAME/` with ranges and ETags. */
export interface ServedFolder {
  readonly name: string;
  readonly path: string;
}

/** A running server. */
export interface BundleServer {
  readonly origin: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Bundles the entries from source and serves them with ONNX Runtime's own files beside them. */
export async function serveBundle(options: BrowserPageOptions): Promise<BundleServer> {
  const { entries, folders = [], csp, isolated = true } = options;
  const outdir = '/bundle';
  const { outputFiles } = await build({
    entryPoints: entries.map((name) => join(root, 'test/browser/pages', `${name}.ts`)),
    alias: Object.fromEntries(
      ['node', 'media', 'testing', 'web', 'worker']
        .map((door) => [`animatediff-js/${door}`, join(root, `src/${door}.ts`)])
        .concat([['animatediff-js', join(root, 'src/index.ts')]]),
    ),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    sourcemap: 'inline',
    outdir,
    write: false,
  });
  const scripts = new Map(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents]));
  const html = `<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="/page.js"></script>`;
  const start = `import * as entry from '/${entries[0]}.js'; window.entry = entry;`;
  const server = createServer((request, response) => {
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    if (csp !== undefined) response.setHeader('Content-Security-Policy', csp);
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = decodeURIComponent(pathname);
    const text = (type: string, body: string | Uint8Array): void => {
      response.writeHead(200, { 'Content-Type': type }).end(body);
    };
    if (path === '/') return text('text/html', html);
    if (path === '/page.js') return text('text/javascript', start);
    const script = scripts.get(path);
    if (script !== undefined) return text('text/javascript', script);
    const folder = folders.find(({ name }) => path.startsWith(`/${name}/`));
    if (folder !== undefined) {
      return sendFile(join(folder.path, normalize(path.slice(folder.name.length + 1))), request, response);
    }
    return sendFile(join(runtimeFolder, basename(path)), request, response);
  });
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

function sendFile(path: string, request: IncomingMessage, response: ServerResponse): void {
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
