import { createHash, randomUUID } from 'node:crypto';
import { readlinkSync, rmSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type CacheFolder, fileNames } from './cache-folder-node.js';

/** A session's own folder in the cache. */
export interface Lease {
  readonly path: string;
  /** Removes it. Idempotent. */
  release(): Promise<void>;
}

/** Leases of other machines are left alone this long, since nobody here can tell whether their process lives. */
const foreignLeaseMs = 7 * 24 * 3600 * 1000;

/** Opens leases of one process. */
export interface LeaseKeeper {
  /** A new lease. It is removed when released, when the process exits in an orderly way, or by a later process. */
  open(folder: CacheFolder): Promise<Lease>;
}

/** Leases that are removed together when the process exits. */
export function leaseKeeper(): LeaseKeeper {
  const open = new Set<string>();
  const onExit = (): void => {
    for (const path of open) removeAtExit(path);
  };
  return {
    open: async (folder) => {
      const path = join(folder.leases, `${machineId()}-${process.pid}-${randomUUID().slice(0, 8)}`);
      await mkdir(path);
      if (open.size === 0) process.once('exit', onExit);
      open.add(path);
      return {
        path,
        release: async () => {
          open.delete(path);
          if (open.size === 0) process.removeListener('exit', onExit);
          await rm(path, { recursive: true, force: true });
        },
      };
    },
  };
}

function removeAtExit(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Windows keeps mapped files; a later process sweeps them.
  }
}

/** Removes the leases of processes that are gone. */
export async function sweepLeases(folder: CacheFolder): Promise<void> {
  const here = machineId();
  for (const name of await fileNames(folder.leases)) {
    const [machine, pid] = name.split('-');
    const path = join(folder.leases, name);
    const stale = machine === here ? !isAlive(Number(pid)) : await isOlder(path, foreignLeaseMs);
    if (stale) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Eight digits that tell apart whatever counts processes on its own: machines that share a cache over a network,
 * and containers that share one through a volume.
 */
function machineId(): string {
  return createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8);
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of another user may not be signalled, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isOlder(path: string, milliseconds: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > milliseconds;
  } catch {
    return false;
  }
}
