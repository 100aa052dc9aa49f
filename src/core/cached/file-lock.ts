import { lockManager } from '../lock-manager.js';

/**
 * Runs `work` while no other page or worker of this origin works on the same folder of the store (Web Locks API). Browsers
 * without locks run it at once.
 * @param signal Ends the waiting.
 */
export async function withFileLock<T>(
  folder: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const locks = lockManager();
  signal?.throwIfAborted();
  return locks === undefined ? work() : locks.request(lockName(folder), signal ? { signal } : {}, work);
}

/** The same, but nothing is done while others work: then the result is `undefined`. */
export async function ifUnlocked<T>(folder: string, work: () => Promise<T>): Promise<T | undefined> {
  const locks = lockManager();
  if (locks === undefined) return work();
  return locks.request(lockName(folder), { ifAvailable: true }, async (lock) =>
    lock === null ? undefined : work(),
  );
}

function lockName(folder: string): string {
  return `animatediff-js/cached/${folder}`;
}
