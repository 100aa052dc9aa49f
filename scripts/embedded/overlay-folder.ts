import { bytesSource } from '../../src/core/bytes-source.ts';
import type { FolderSource } from '../../src/core/source.ts';

/** A folder with some files in place of its own. */
export function overlayFolder(folder: FolderSource, files: ReadonlyMap<string, Uint8Array>): FolderSource {
  return {
    ...folder,
    async file(path, options) {
      const own = files.get(path);
      return own === undefined ? await folder.file(path, options) : bytesSource(own, { name: path });
    },
  };
}
