import { createMutex } from '../mutex.js';
import type { HostConnection } from './host-connection.js';

/** Where sessions live. Starts when first needed, again after a crash, and ends when nobody needs it any more. */
export interface RuntimeHost {
  /** Says that a session needs this host. */
  retain(): void;
  /** Says that one needs it no more; the last one ends the host, and this waits until it has. */
  release(): Promise<void>;
  /**
   * Runs a task with the live host while no other task does. An abort rejects at once with the signal's reason; a
   * task under way ends in the background, or its host is killed where that can be done.
   */
  exclusive<T>(task: (host: HostConnection) => Promise<T>, signal?: AbortSignal | undefined): Promise<T>;
  /** Runs a task after those before it, with the live host or `undefined`: it starts none. */
  afterwards(task: (host: HostConnection | undefined) => Promise<void>): Promise<void>;
}

/** A host that `start` brings up. */
export function runtimeHost(start: () => HostConnection): RuntimeHost {
  const mutex = createMutex();
  let users = 0;
  let current: HostConnection | undefined;
  const live = (): HostConnection => {
    if (current?.alive !== true) current = start();
    return current;
  };
  return {
    retain: () => {
      users++;
    },
    release: async () => {
      users--;
      if (users > 0) return;
      // Ending takes its turn behind the work under way, and is given up when a new user came meanwhile.
      await mutex.run(async () => {
        if (users > 0) return;
        const host = current;
        current = undefined;
        await host?.end();
      });
    },
    afterwards: (task) => mutex.run(() => task(current?.alive === true ? current : undefined)),
    exclusive: (task, signal) =>
      mutex.run(async () => {
        const host = live();
        const kill = (): void => host.kill?.();
        signal?.addEventListener('abort', kill, { once: true });
        try {
          return await task(host);
        } finally {
          signal?.removeEventListener('abort', kill);
        }
      }, signal),
  };
}
