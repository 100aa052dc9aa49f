import { type PartStore, storeName } from './part-store.js';

/** Keys of the Cache API are URLs. Nobody can own this one (RFC 2606 §2), and nothing is ever asked of it. */
const base = 'https://animatediff-js.invalid/';

/**
 * The Cache API (Service Workers standard, section 5.4), where the file system cannot be used.
 * @returns `undefined` where there is none.
 */
export async function cacheApiStore(): Promise<PartStore | undefined> {
  const cache = await openCache();
  if (cache === undefined) return undefined;
  const url = (folder: string, name: string): string => `${base}${folder}/${name}`;
  const parts = async (): Promise<{ request: Request; folder: string }[]> =>
    (await cache.keys())
      .filter((request) => request.url.startsWith(base))
      .map((request) => ({ request, folder: request.url.slice(base.length).split('/')[0]! }));
  return {
    read: async (folder, name) => (await cache.match(url(folder, name)))?.blob(),
    write: (folder, name, bytes) => cache.put(url(folder, name), new Response(bytes)),
    async remove(folder) {
      const all = await parts();
      await Promise.all(
        all.filter((part) => part.folder === folder).map(({ request }) => cache.delete(request)),
      );
    },
    folders: async () => [...new Set((await parts()).map(({ folder }) => folder))],
  };
}

async function openCache(): Promise<Cache | undefined> {
  try {
    return await (globalThis.caches as CacheStorage | undefined)?.open(storeName);
  } catch {
    return undefined;
  }
}
