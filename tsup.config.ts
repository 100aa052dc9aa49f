import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    node: 'src/node.ts',
    media: 'src/media.ts',
    testing: 'src/testing.ts',
    training: 'src/training.ts',
    web: 'src/web.ts',
    worker: 'src/worker.ts',
    cli: 'src/cli.ts',
    'ort-node-host': 'src/backends/ort-host-node.ts',
  },
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: [/^node:/, /^[a-z@](?!:)/],
  dts: {
    entry: {
      index: 'src/index.ts',
      node: 'src/node.ts',
      media: 'src/media.ts',
      testing: 'src/testing.ts',
      training: 'src/training.ts',
      web: 'src/web.ts',
      worker: 'src/worker.ts',
    },
  },
  sourcemap: true,
  // The sources are published beside the maps.
  esbuildOptions(options) {
    options.sourcesContent = false;
  },
  splitting: true,
  removeNodeProtocol: false,
  treeshake: true,
  clean: true,
});
