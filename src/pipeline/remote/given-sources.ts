import type { Adapter } from '../../adapters/adapter.js';
import { AnimateDiffError } from '../../core/errors.js';
import { ownCopy } from '../../core/port/own-copy.js';
import type { PortHandlers } from '../../core/port/port-calls.js';
import type { ByteSource, FolderSource, ModelSource } from '../../core/source.js';
import type { SourceCalls, SourceHandle, SourceId } from './source-handle.js';

/** The page's side of sources that a worker reads. */
export interface GivenSources {
  /** Sources as they travel; what is no source is left as it is, for the worker to complain about. */
  giveAll(sources: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** An adapter as it travels. */
  giveAdapter(adapter: Adapter): unknown;
  /** The worker needs this source no longer. */
  takeBack(source: ModelSource): void;
  readonly handlers: PortHandlers<SourceCalls>;
}

/** Sources by the numbers that the worker knows them by. */
export function givenSources(): GivenSources {
  const sources = new Map<number, ModelSource>();
  const handles = new Map<ModelSource, SourceHandle>();
  /** Files that were asked for, by folder and path: a file that is asked for again is the same. */
  const files = new Map<ModelSource, Map<string, ByteSource>>();
  let nextId = 0;

  function handleOf(source: ModelSource): SourceHandle {
    const { kind, name } = source;
    if (kind === 'file' && source.blob instanceof Blob) return { travels: 'blob', name, blob: source.blob };
    const known = handles.get(source);
    if (known !== undefined) return known;
    const handle: SourceHandle = { travels: 'source', name, kind, source: nextId++ };
    sources.set(handle.source, source);
    handles.set(source, handle);
    return handle;
  }

  function find(id: SourceId): ModelSource {
    const found = sources.get(id?.source);
    if (found === undefined) throw new AnimateDiffError('invalid-options', 'there is no such source to read');
    return found;
  }

  function file(id: SourceId): ByteSource {
    const found = find(id);
    if (found.kind === 'file') return found;
    throw new AnimateDiffError('invalid-options', `${found.name} is a folder; its files have bytes`);
  }

  async function fileIn(folder: FolderSource, path: string, signal: AbortSignal) {
    const known = files.get(folder)?.get(path);
    const found = known ?? (await folder.file(path, { signal }));
    if (found === undefined) return undefined;
    files.set(folder, (files.get(folder) ?? new Map<string, ByteSource>()).set(path, found));
    return handleOf(found);
  }

  function forget(source: ModelSource): void {
    const handle = handles.get(source);
    handles.delete(source);
    if (handle?.travels === 'source') sources.delete(handle.source);
  }

  const give = (source: unknown): unknown => (isSource(source) ? handleOf(source) : source);

  return {
    giveAll: (given) => Object.fromEntries(Object.entries(given).map(([name, each]) => [name, give(each)])),
    giveAdapter: (adapter) =>
      typeof adapter === 'object' && adapter !== null
        ? { ...adapter, source: give(adapter.source) }
        : adapter,
    takeBack: (source) => {
      for (const each of files.get(source)?.values() ?? []) forget(each);
      files.delete(source);
      forget(source);
    },
    handlers: {
      sourceSize: (id, { signal }) => file(id).size({ signal }),
      sourceRead: async ({ offset, length, ...id }, { signal, handOver }) => {
        const { copy, buffers } = ownCopy(await file(id).read(offset, length, { signal }));
        return handOver(copy, buffers);
      },
      sourceFingerprint: (id, { signal }) => file(id).fingerprint({ signal }),
      sourceClose: async (id) => {
        await file(id).close();
        return undefined;
      },
      sourceFile: async ({ path, ...id }, { signal }) => {
        const folder = find(id);
        return folder.kind === 'folder' ? fileIn(folder, path, signal) : undefined;
      },
    },
  };
}

function isSource(value: unknown): value is ModelSource {
  const kind = (value as Partial<ModelSource> | null | undefined)?.kind;
  return kind === 'file' || kind === 'folder';
}
