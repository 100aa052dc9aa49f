import { blobSource } from './blob-source.js';
import { folderPathParts } from './folder-source-path.js';
import type { FolderSource } from './source.js';

/** Options of {@link filesSource}. */
export interface FilesSourceOptions {
  /** Shown in errors. Default: the picked folder's name, otherwise `'files'`. */
  name?: string | undefined;
}

/**
 * A folder made of files at hand: a map from relative path to `Blob`, or what `<input type="file" webkitdirectory>` gives
 * (each `File` then lies at its path inside the picked folder).
 */
export function filesSource(
  files: ReadonlyMap<string, Blob> | Iterable<File> | ArrayLike<File>,
  options: FilesSourceOptions = {},
): FolderSource {
  const byPath =
    files instanceof Map ? new Map<string, Blob>(files) : pickedFiles(Array.from(files as Iterable<File>));
  const name = options.name ?? (files instanceof Map ? undefined : pickedFolder(files)) ?? 'files';
  return {
    kind: 'folder',
    name,
    file: async (path, { signal } = {}) => {
      signal?.throwIfAborted();
      const key = folderPathParts(name, path).join('/');
      const blob = byPath.get(key);
      return blob && blobSource(blob, { name: `${name}/${key}` });
    },
  };
}

function pickedFiles(files: readonly File[]): Map<string, Blob> {
  return new Map(files.map((file) => [pathInside(file), file]));
}

// A directory picker puts the picked folder's own name first.
function pathInside(file: File): string {
  const path = file.webkitRelativePath ?? '';
  return path === '' ? file.name : path.slice(path.indexOf('/') + 1);
}

function pickedFolder(
  files: ReadonlyMap<string, Blob> | Iterable<File> | ArrayLike<File>,
): string | undefined {
  const path = Array.from(files as Iterable<File>)[0]?.webkitRelativePath ?? '';
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined;
}
