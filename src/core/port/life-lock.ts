import { lockManager } from '../lock-manager.js';
import type { PortLike } from './port.js';
import { isNodePort } from './port-listener.js';

/**
 * Holds a lock for as long as this thread lives. A browser tells nobody that a worker was ended or had no memory left, but
 * it gives the thread's locks to those who wait for them (Web Locks API).
 * @returns The lock's name once it is held; `undefined` where there are no locks (pages without https) or ports tell by
 * themselves (Node).
 */
export async function holdLifeLock(port: PortLike): Promise<string | undefined> {
  const locks = isNodePort(port) ? undefined : lockManager();
  if (locks === undefined) return undefined;
  const name = `animatediff-js/${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    locks
      .request(name, () => {
        resolve(name);
        return new Promise<never>(() => undefined);
      })
      .catch(() => resolve(undefined));
  });
}

/**
 * Calls back when the thread that holds a lock has ended.
 * @param signal Ends the watch.
 */
export function watchLifeLock(name: string, signal: AbortSignal, onEnd: () => void): void {
  lockManager()
    ?.request(name, { signal }, async () => onEnd())
    .catch(() => undefined);
}
