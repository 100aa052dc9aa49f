import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What gives a page threads: shared memory, and with it nothing from other origins that did not agree. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** All that the built page may do: run its own files and WebAssembly, and fetch models from anywhere over https. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self' https: http://localhost:*",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Puts the policy into the built page; the development server's own scripts would not get through it. */
function strictPolicy(): Plugin {
  return {
    name: 'strict-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
        injectTo: 'head-prepend',
      },
    ],
  };
}

/** A digest of the built-in model, so that browsers that keep an older one fetch the newer. */
function modelEdition(): string {
  const hash = createHash('sha256');
  const entries = readdirSync(`${root}models/embedded`, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const file of files.sort()) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  // The built-in model: `embedded/…` beside the page.
  publicDir: `${root}models`,
  resolve: {
    // The library's source, as in this repository's tests; an application has the package and needs none of this.
    alias: [
      { find: /^animatediff-js$/, replacement: `${root}src/index.ts` },
      { find: /^animatediff-js\/(media|web|worker)$/, replacement: `${root}src/$1.ts` },
    ],
  },
  define: { modelEdition: JSON.stringify(modelEdition()) },
  plugins: [strictPolicy()],
  worker: { format: 'es' },
  build: { target: 'es2023', outDir: `${root}out/web`, emptyOutDir: true },
  server: { headers: isolation },
  preview: { headers: isolation },
});
