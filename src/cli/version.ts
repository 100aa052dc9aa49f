import { readFileSync } from 'node:fs';

/** The package's version, wherever in the package this code lies: `dist/cli.js`, or its sources. */
export function packageVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const found = versionIn(new URL('package.json', folder));
    if (found !== undefined) return found;
    if (folder.href === new URL('..', folder).href) return 'unknown';
  }
}

function versionIn(file: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    return name === 'animatediff-js' ? version : undefined;
  } catch {
    return undefined;
  }
}
