import { basename, join, normalize, resolve } from 'node:path';
import { build } from 'esbuild';
import { isolate, type RunningServer, sendFile, startServer } from '../../support/http-server.js';
import type { BrowserPageOptions } from './browser-page.js';

const root = resolve(import.meta.dirname, '../../..');
const runtimeFolder = join(root, 'node_modules/onnxruntime-web/dist');

/** A folder on disk, served below `/NAME/` with ranges and ETags. */
export interface ServedFolder {
  readonly name: string;
  readonly path: string;
}

/** Bundles the entries from source and serves them with ONNX Runtime's own files beside them. */
export async function serveBundle(options: BrowserPageOptions): Promise<RunningServer> {
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
  return startServer((request, response) => {
    if (isolated) isolate(response);
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
}
