import { AnimateDiffError } from '../errors.js';
import { cacheApiStore } from './cache-api-store.js';
import { opfsStore } from './opfs-store.js';
import type { PartStore } from './part-store.js';

/**
 * Where this page or worker keeps files.
 * @throws `unsupported` where there is no such place.
 */
export async function openStore(): Promise<PartStore> {
  const store = (await opfsStore()) ?? (await cacheApiStore());
  if (store !== undefined) return store;
  throw new AnimateDiffError(
    'unsupported',
    'cachedSource: this page has no place to keep files. Browsers have one on pages that come by https or from localhost, ' +
      'outside of some private windows. urlSource reads without keeping.',
  );
}
