import { createHash } from 'node:crypto';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as buildWithVite } from 'vite';
import webpack from 'webpack';

/** A page that is ready to be served. */
export interface BuiltPage {
  /** Its folder. */
  readonly path: string;
  /** What the bundler put into it: paths of files, and names of what it took for a module of Node. */
  readonly modules?: readonly string[] | undefined;
  /** What its policy must allow beside its own files. */
  readonly scriptSources?: readonly string[] | undefined;
}

/** A production build by Vite with its defaults. */
export async function vitePage(consumer: string): Promise<BuiltPage> {
  const path = join(consumer, 'out-vite');
  const modules = new Set<string>();
  await buildWithVite({
    root: consumer,
    configFile: false,
    logLevel: 'error',
    build: { outDir: path, emptyOutDir: true },
    plugins: [
      {
        name: 'list-modules',
        generateBundle(_, bundle) {
          for (const file of Object.values(bundle)) {
            if (file.type !== 'chunk') continue;
            for (const id of file.moduleIds) modules.add(id);
            for (const id of [...file.imports, ...file.dynamicImports]) modules.add(id);
          }
        },
      },
    ],
  });
  return { path, modules: [...modules] };
}

/** A production build by webpack with its defaults, beside the page's own HTML. */
export async function webpackPage(consumer: string): Promise<BuiltPage> {
  const path = join(consumer, 'out-webpack');
  const compiler = webpack({
    mode: 'production',
    context: consumer,
    entry: './page.js',
    output: { path, filename: 'page.js' },
    performance: { hints: false },
  });
  const modules = await new Promise<string[]>((done, fail) => {
    compiler.run((error, stats) => {
      if (error || stats === undefined) return fail(error);
      if (stats.hasErrors()) return fail(new Error(stats.toString({ all: false, errors: true })));
      const names = [...stats.compilation.modules].map(
        (module) => module.nameForCondition() ?? module.identifier(),
      );
      compiler.close(() => done(names));
    });
  });
  cpSync(join(consumer, 'index.html'), join(path, 'index.html'));
  return { path, modules };
}

/** No bundler: the browser finds the package's files by an import map. */
export function plainPage(consumer: string): BuiltPage {
  const map = JSON.stringify({ imports: importMap });
  const hash = createHash('sha256').update(map).digest('base64');
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>An animation in a page</title>
<script type="importmap">${map}</script><script type="module" src="./page.js"></script></html>`;
  writeFileSync(join(consumer, 'index.html'), html);
  return { path: consumer, scriptSources: [`'sha256-${hash}'`] };
}

/** What a page without a bundler has to tell the browser; docs/browser.md has the same. */
export const importMap: Readonly<Record<string, string>> = {
  'animatediff-js': '/node_modules/animatediff-js/dist/index.js',
  'animatediff-js/web': '/node_modules/animatediff-js/dist/web.js',
  '@huggingface/tokenizers': '/node_modules/@huggingface/tokenizers/dist/tokenizers.mjs',
  eventemitter3: '/node_modules/eventemitter3/dist/eventemitter3.esm.js',
  'onnxruntime-web/jspi': '/node_modules/onnxruntime-web/dist/ort.jspi.bundle.min.mjs',
  'onnxruntime-web/wasm': '/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs',
  'onnxruntime-web/webgpu': '/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs',
  pbf: '/node_modules/pbf/index.js',
  'zod/mini': '/node_modules/zod/mini/index.js',
  'zod/v4/locales/en.js': '/node_modules/zod/v4/locales/en.js',
};
