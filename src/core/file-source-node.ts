import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AnimateDiffError } from './errors.js';
import { diskFileSource } from './file-source-disk-node.js';
import { folderPathParts } from './folder-source-path.js';
import type { FolderSource, ModelSource } from './source.js';

/**
 * A file or a folder on disk. A file is opened when first read and closed by `close()`; when it is opened and its size or
 * time of change are not what they were when this function was called, the read fails.
 *
 * Fingerprint: real path, size, times of change and inode.
 * @throws `invalid-options` at once when there is nothing at the path, or something that is neither file nor folder.
 */
export function fileSource(path: string): ModelSource {
  const facts = statAt(path);
  if (facts.isDirectory()) return folderSource(path);
  if (!facts.isFile()) {
    throw new AnimateDiffError('invalid-options', `${path} is neither a file nor a folder`, {
      details: { path },
    });
  }
  return diskFileSource(path, facts);
}

function statAt(path: string): ReturnType<typeof bigStat> {
  try {
    return bigStat(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const message =
      code === 'ENOENT' ? `there is no file or folder at ${path}` : `${path} cannot be opened: ${code}`;
    throw new AnimateDiffError('invalid-options', message, { cause, details: { path, code } });
  }
}

function bigStat(path: string) {
  return statSync(path, { bigint: true });
}

function folderSource(folder: string): FolderSource {
  return {
    kind: 'folder',
    name: folder,
    file: async (path, { signal } = {}) => {
      signal?.throwIfAborted();
      const full = join(folder, ...folderPathParts(folder, path));
      const facts = await stat(full, { bigint: true }).catch(absentOrThrow);
      signal?.throwIfAborted();
      return facts?.isFile() ? diskFileSource(full, facts) : undefined;
    },
  };
}

function absentOrThrow(cause: NodeJS.ErrnoException): undefined {
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
  throw new AnimateDiffError('invalid-options', `${cause.path ?? 'file'} cannot be opened: ${cause.code}`, {
    cause,
  });
}
