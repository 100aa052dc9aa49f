import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../src');

/** Floors of the library; a file imports from its own folder or from a lower floor. */
const floors: Readonly<Record<string, number>> = {
  core: 1,
  onnx: 2,
  weights: 2,
  text: 2,
  media: 2,
  noise: 2,
  windows: 2,
  plots: 2,
  backends: 3,
  schedulers: 3,
  models: 4,
  adapters: 5,
  pipeline: 6,
  testing: 6,
  training: 6.5,
  cli: 8,
};
const doorFloor = 7;

/** What the library may import of folders whose other files are plugins, reached through the doors only. */
const contracts: Readonly<Record<string, readonly string[]>> = {
  backends: ['backends/backend'],
  schedulers: [
    'schedulers/scheduler',
    'schedulers/presets',
    'schedulers/scheduler-config',
    'schedulers/scheduler-names',
  ],
};

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, specifier]) => specifier!);
}

const folderOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');
const floorOf = (file: string): number =>
  folderOf(file) === '' ? doorFloor : (floors[folderOf(file)] ?? Number.NaN);

test('every folder has a floor', () => {
  expect(files.filter((file) => Number.isNaN(floorOf(file)))).toEqual([]);
});

test('imports go down the floors', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => relative(root, resolve(root, dirname(file), specifier)))
      .filter((target) => folderOf(target) !== folderOf(file) && floorOf(target) >= floorOf(file))
      .filter(() => file !== 'cli.ts')
      .map((target) => `${file} -> ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('the library knows backends and schedulers by their contracts', () => {
  const wrong = files
    .filter((file) => ['models', 'adapters', 'pipeline', 'testing'].includes(folderOf(file)))
    .flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => relative(root, resolve(root, dirname(file), specifier)).replace(/\.js$/, ''))
        .filter((target) => contracts[folderOf(target)] && !contracts[folderOf(target)]!.includes(target))
        .map((target) => `${file} -> ${target}`),
    );
  expect(wrong).toEqual([]);
});

test('only backends/ort-* name ONNX Runtime', () => {
  const naming = files.filter((file) =>
    importsOf(file).some((specifier) => specifier.startsWith('onnxruntime-')),
  );
  expect(naming.filter((file) => !/^backends\/(.*\/)?ort-/.test(file))).toEqual([]);
});

test('only files that end in -node, and what stands behind the Node door, name node:*', () => {
  const naming = files.filter((file) => importsOf(file).some((specifier) => specifier.startsWith('node:')));
  expect(naming.filter((file) => !/-node\.ts$|^backends\/(.*\/)?ort-node|^cli\//.test(file))).toEqual([]);
});

test('the root door reaches no runtime and no Node module', () => {
  const seen = new Set<string>();
  const foreign = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.'))
        visit(relative(root, resolve(root, dirname(file), specifier)).replace(/\.js$/, '.ts'));
      else foreign.add(specifier);
    }
  };
  visit('index.ts');
  expect([...foreign].filter((specifier) => /^(node:|onnxruntime)/.test(specifier))).toEqual([]);
});

test('files hold one idea: none but tables is longer than 400 lines', () => {
  const tables = ['text/vocabulary/clip-merges.ts'];
  const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 400);
  expect(long.filter((file) => !tables.includes(file))).toEqual([]);
});

test('house rules that no linter checks', () => {
  const broken = files.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return (
      /export \* from|export default|@ts-ignore|\bTODO\b|\bFIXME\b/.test(text) ||
      /(^|\/)utils\.ts$/.test(file)
    );
  });
  expect(broken.filter((file) => !file.endsWith('.d.ts'))).toEqual([]);
});
