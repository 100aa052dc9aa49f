import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (door: string): string => fileURLToPath(new URL(`src/${door}.ts`, import.meta.url));

const alone = [
  'test/backends/**/*.test.ts',
  'test/full-size/**/*.test.ts',
  'test/browser/**/*.test.ts',
  'test/package/bundlers.test.ts',
  'test/training/memory.test.ts',
];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^animatediff-js$/, replacement: source('index') },
      {
        find: /^animatediff-js\/(node|media|testing|training|web|worker)$/,
        replacement: fileURLToPath(new URL('src/$1.ts', import.meta.url)),
      },
    ],
  },
  test: {
    setupFiles: ['test/support/matchers.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'library',
          include: ['test/**/*.test.ts'],
          exclude: alone,
          // Two files at a time: each may run ONNX Runtime on all cores.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      // What measures time or memory, or starts a browser, runs after the rest, one file at a time.
      { extends: true, test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
