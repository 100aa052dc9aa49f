import { AnimateDiffError } from './errors.js';

/**
 * Splits a path inside a folder source into its parts.
 * @throws `invalid-options` unless it is relative, `/`-separated and stays inside the folder by its spelling.
 */
export function folderPathParts(folder: string, path: string): string[] {
  const parts = path.split('/');
  const leaves = parts.some((part) => part === '' || part === '.' || part === '..');
  if (leaves || /[\\\0]/.test(path) || /^[a-z][a-z0-9+.-]*:/i.test(path)) {
    throw new AnimateDiffError(
      'invalid-options',
      `${folder}: '${path}' is not a path inside the folder. Give it relative, with '/' between names and without '..'.`,
      { details: { folder, path } },
    );
  }
  return parts;
}
