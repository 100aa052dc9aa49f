import { execFileSync } from 'node:child_process';
import { relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { publint } from 'publint';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });

/** The number moves when someone decides that it should. */
const rootEntryCeiling = 60_000;

test('the root door bundles to less than its ceiling, gzipped', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [resolve(root, 'dist/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    splitting: true,
    outdir: resolve(root, 'unused'),
    absWorkingDir: root,
    write: false,
    logLevel: 'error',
    metafile: true,
  });
  const initial = withStaticImports(metafile.outputs, 'unused/index.js');
  const bytes = outputFiles
    .filter(({ path }) => initial.has(relative(root, path)))
    .reduce((sum, { contents }) => sum + gzipSync(contents).byteLength, 0);
  console.log(`root entry: ${bytes} bytes gzipped, in ${initial.size} files of ${outputFiles.length}`);
  expect(bytes).toBeLessThan(rootEntryCeiling);
});

/** A bundled file and all that comes with it at once, not lazily. */
function withStaticImports(
  outputs: Metafile['outputs'],
  path: string,
  seen = new Set<string>(),
): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const each of outputs[path]!.imports) {
    if (each.kind === 'import-statement') withStaticImports(outputs, each.path, seen);
  }
  return seen;
}

test('the tarball holds what is published and stays small', () => {
  const [tarball] = JSON.parse(run('npm', 'pack', '--dry-run', '--json', '--ignore-scripts')) as [
    { size: number; files: { path: string }[] },
  ];
  console.log(`tarball: ${tarball.size} bytes, ${tarball.files.length} files`);
  expect(tarball.size).toBeLessThan(2_100_000);
  const paths = tarball.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['dist/index.js', 'dist/cli.js', 'dist/ort-node-host.js', 'README.md', 'LICENSE']),
  );
  expect(paths.filter((path) => /^(models|test|bench|scripts|docs)\//.test(path))).toEqual([]);
});

test('publint finds nothing to say', async () => {
  const { messages } = await publint({ pkgDir: root, strict: true });
  expect(messages).toEqual([]);
});

test('types resolve for every kind of ESM consumer', () => {
  const report = run('npx', 'attw', '--pack', '.', '--profile', 'esm-only', '--format', 'json');
  const { problems = {} } = JSON.parse(report) as {
    problems?: Record<string, { resolutionKind?: string }[]>;
  };
  // The package is ESM only: `require` of types and the resolution of Node 10 are not offered.
  const offered = Object.values(problems)
    .flat()
    .filter(({ resolutionKind }) => resolutionKind !== 'node10' && resolutionKind !== 'node16-cjs');
  expect(offered).toEqual([]);
});

test('every door of the built package opens, and errors are one class behind all of them', () => {
  const script = `
    const doors = await Promise.all(['animatediff-js', 'animatediff-js/node', 'animatediff-js/media', 'animatediff-js/testing', 'animatediff-js/training'].map((d) => import(d)));
    const [{ AnimateDiffError }, { fileSource }] = doors;
    try { fileSource('/no/such/file'); } catch (error) {
      if (!(error instanceof AnimateDiffError)) throw new Error('another class');
    }
    console.log(doors.map((d) => Object.keys(d).length > 0).join());`;
  expect(run(process.execPath, '--input-type=module', '-e', script).trim()).toBe('true,true,true,true,true');
});
