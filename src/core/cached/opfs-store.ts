import { type PartStore, storeName } from './part-store.js';

/**
 * The origin private file system (File System standard, section 4). In workers it is written to through sync access
 * handles, which older Safari has alone; elsewhere through writable streams.
 * @returns `undefined` where there is none, or none that can be written to from this thread.
 */
export async function opfsStore(): Promise<PartStore | undefined> {
  const write = writer();
  if (write === undefined) return undefined;
  const root = await rootFolder();
  if (root === undefined) return undefined;
  return {
    async read(folder, name) {
      const found = await root.getDirectoryHandle(folder).catch(absent);
      const file = await found?.getFileHandle(name).catch(absent);
      return file?.getFile().catch(absent);
    },
    async write(folder, name, bytes) {
      const parent = await root.getDirectoryHandle(folder, { create: true });
      await write(await parent.getFileHandle(name, { create: true }), bytes);
    },
    async remove(folder) {
      await root.removeEntry(folder, { recursive: true }).catch(absent);
    },
    async folders() {
      const names: string[] = [];
      for await (const name of root.keys()) names.push(name);
      return names;
    },
  };
}

// Private windows of some browsers have the API and refuse its use.
async function rootFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  const storage = (globalThis.navigator as Partial<Navigator> | undefined)?.storage as
    | Partial<StorageManager>
    | undefined;
  try {
    const origin = await storage?.getDirectory?.();
    return await origin?.getDirectoryHandle(storeName, { create: true });
  } catch {
    return undefined;
  }
}

type Write = (file: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>) => Promise<void>;

/** The part of a sync access handle that is used; types for pages do not know it. */
interface SyncAccess {
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

function writer(): Write | undefined {
  const handle = globalThis.FileSystemFileHandle?.prototype as
    | { createSyncAccessHandle?: () => Promise<SyncAccess> }
    | undefined;
  if (handle?.createSyncAccessHandle !== undefined) return writeInPlace;
  return handle !== undefined && 'createWritable' in handle ? writeStream : undefined;
}

async function writeInPlace(file: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const access = await (
    file as unknown as { createSyncAccessHandle(): Promise<SyncAccess> }
  ).createSyncAccessHandle();
  try {
    // A piece that is cut off here is told by its size.
    access.truncate(0);
    const written = access.write(bytes, { at: 0 });
    if (written !== bytes.byteLength) {
      throw new DOMException(
        `${written} of ${bytes.byteLength} bytes could be written`,
        'QuotaExceededError',
      );
    }
    access.flush();
  } finally {
    access.close();
  }
}

async function writeStream(file: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const stream = await file.createWritable();
  try {
    await stream.write(bytes);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    // Chromium ends its pipe first, now and then, where there is no room; nobody else aborts this stream.
    if ((error as { name?: unknown } | null)?.name !== 'AbortError') throw error;
    throw new DOMException('the store stopped taking bytes', 'QuotaExceededError');
  }
}

function absent(error: unknown): undefined {
  // A file in a folder's place is none of ours.
  const names = ['NotFoundError', 'TypeMismatchError'];
  if (error instanceof DOMException && names.includes(error.name)) return undefined;
  throw error;
}
