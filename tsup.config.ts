import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    node: 'src/node.ts',
    media: 'src/media.ts',
    testing: 'src/testing.ts',
    cli: 'src/cli.ts',
    'ort-node-host': 'src/backends/ort-host-node.ts',
  },
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: [/^node:/, /^[a-z@](?!:)/],
  dts: {
    entry: { index: 'src/index.ts', node: 'src/node.ts', media: 'src/media.ts', testing: 'src/testing.ts' },
  },
  sourcemap: true,
  splitting: true,
  removeNodeProtocol: false,
  treeshake: true,
  clean: true,
});
