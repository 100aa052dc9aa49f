import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (door: string): string => fileURLToPath(new URL(`src/${door}.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^animatediff-js$/, replacement: source('index') },
      {
        find: /^animatediff-js\/(node|media|testing)$/,
        replacement: fileURLToPath(new URL('src/$1.ts', import.meta.url)),
      },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/matchers.ts'],
    testTimeout: 60_000,
    // Two files at a time: each may run ONNX Runtime on all cores.
    maxWorkers: 2,
  },
});
