import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LatentCache } from './latent-cache.js';

/**
 * Keeps latents as files in a folder, which is made when it is first needed and may be deleted at any time. A file is
 * written beside its place and then renamed, so that a run that is cut off leaves no half of one.
 * @param folder Its path.
 */
export function folderLatentCache(folder: string): LatentCache {
  const pathOf = (key: string): string => join(folder, `${key.replace(/[^\w-]/g, '_')}.latents`);
  return {
    async get(key) {
      try {
        return await readFile(pathOf(key));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async put(key, bytes) {
      await mkdir(folder, { recursive: true });
      const path = pathOf(key);
      const beside = `${path}.${process.pid}.part`;
      await writeFile(beside, bytes);
      await rename(beside, path);
    },
  };
}
