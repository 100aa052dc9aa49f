import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** A project that depends on the published package. */
export interface ConsumerFolder {
  readonly path: string;
  remove(): void;
}

/** Makes one in a temporary folder: the packed tarball is unpacked into its node_modules, beside its dependencies. */
export function consumerFolder(sources: string): ConsumerFolder {
  const path = mkdtempSync(join(tmpdir(), 'animatediff-consumer-'));
  const modules = join(path, 'node_modules');
  const [tarball] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', path], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    }),
  ) as [{ filename: string; name: string }];
  const own = join(modules, tarball.name);
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', join(path, tarball.filename), '-C', own, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  cpSync(sources, path, { recursive: true });
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
