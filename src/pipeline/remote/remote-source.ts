import { blobSource } from '../../core/blob-source.js';
import { allocateBytes, checkRange } from '../../core/byte-source-range.js';
import { AnimateDiffError } from '../../core/errors.js';
import type { Endpoint } from '../../core/port/port-calls.js';
import type { ByteSource, ModelSource, ReadOptions } from '../../core/source.js';
import type { SourceCalls, SourceHandle } from './source-handle.js';

/** So much is read by one call: copying it takes the page a few milliseconds. */
const pieceBytes = 8 * 2 ** 20;

/** The worker's side of a source that was given; what is no handle is left as it is. */
export function remoteSource<T>(endpoint: Endpoint<SourceCalls>, given: T): T | ModelSource {
  return isHandle(given) ? sourceOf(endpoint, given) : given;
}

function sourceOf(endpoint: Endpoint<SourceCalls>, handle: SourceHandle): ModelSource {
  const { name } = handle;
  if (handle.travels === 'blob') return blobSource(handle.blob, { name });
  const id = { source: handle.source };
  if (handle.kind === 'file') return fileOf(endpoint, name, id);
  return {
    kind: 'folder',
    name,
    file: async (path, options) => {
      const found = await endpoint.call('sourceFile', { ...id, path }, options);
      return found && (sourceOf(endpoint, found) as ByteSource);
    },
  };
}

function fileOf(endpoint: Endpoint<SourceCalls>, name: string, id: { readonly source: number }): ByteSource {
  const size = (options?: ReadOptions) => endpoint.call('sourceSize', id, options);

  async function piece(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array> {
    const bytes = await endpoint.call('sourceRead', { ...id, offset, length }, options);
    if (bytes instanceof Uint8Array && bytes.byteLength === length) return bytes;
    const message = `${name}: its source gave other than the ${length} bytes that were asked for`;
    throw new AnimateDiffError('weights-format', message, { details: { file: name, offset, length } });
  }

  return {
    kind: 'file',
    name,
    size,
    read: async (offset, length, options) => {
      if (!(length > pieceBytes)) return piece(offset, length, options);
      checkRange(name, offset, length, await size(options));
      const bytes = allocateBytes(name, length);
      for (let done = 0; done < length; done += pieceBytes) {
        bytes.set(await piece(offset + done, Math.min(length - done, pieceBytes), options), done);
      }
      return bytes;
    },
    fingerprint: (options) => endpoint.call('sourceFingerprint', id, options),
    close: async () => {
      await endpoint.call('sourceClose', id);
    },
  };
}

function isHandle(value: unknown): value is SourceHandle {
  const travels = (value as Partial<SourceHandle> | null | undefined)?.travels;
  return travels === 'blob' || travels === 'source';
}
