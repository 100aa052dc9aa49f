import { AnimateDiffError } from '../errors.js';

/**
 * Refuses a file that the browser has no room for, before it is fetched.
 * @throws `backend` with `details.needed`, `available` and `quota` in bytes.
 */
export async function checkRoom(name: string, needed: number): Promise<void> {
  const room = await estimate();
  if (room !== undefined && needed > room.available) throw noRoom(name, needed, room);
}

/** An error of the store in the words of {@link checkRoom} if it is that there is no room; else as it is. */
export async function storeError(error: unknown, name: string, needed: number): Promise<unknown> {
  if ((error as { name?: unknown } | null)?.name !== 'QuotaExceededError') return error;
  return noRoom(name, needed, await estimate(), error);
}

interface Room {
  readonly available: number;
  readonly quota: number;
}

async function estimate(): Promise<Room | undefined> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.().catch(() => undefined)) ?? {};
  if (quota === undefined || usage === undefined) return undefined;
  return { quota, available: Math.max(0, quota - usage) };
}

function noRoom(name: string, needed: number, room: Room | undefined, cause?: unknown): AnimateDiffError {
  // Some browsers tell more than they give, so that pages cannot learn how large the disk is.
  const isTold = room !== undefined && room.available < needed;
  const there = isTold ? `, and ${gigabytes(room.available)} of this site's quota are left` : '';
  return new AnimateDiffError(
    'backend',
    `${name}: the browser's store has no room for it: ${gigabytes(needed)} are needed${there}. Remove files by ` +
      'clearCachedFiles, free disk space, or read without keeping by urlSource.',
    { cause, details: { file: name, needed, ...room } },
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e8 ? 4 : 2)} GB`;
}
