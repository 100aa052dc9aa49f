import type { ByteSource, ReadOptions } from '../../core/source.js';
import type { RawTensor, WeightStore } from '../weight-store.js';
import { containerError } from './container-error.js';
import { limits } from './container-limits.js';
import { missingTensor } from './missing-tensor.js';
import { checkCoverage, type PlacedTensor, parseSafetensorsHeader } from './safetensors-header.js';

/** Bytes of the header's length. */
const LENGTH_BYTES = 8;

/**
 * Opens a safetensors file: reads and checks its header, and no tensor yet.
 *
 * Layout: u64 little-endian length, that many bytes of JSON, then packed tensors
 * (https://github.com/huggingface/safetensors#format).
 * @throws `weights-format` for anything that the format does not allow, and for names given twice.
 */
export async function openSafetensors(source: ByteSource, options: ReadOptions = {}): Promise<WeightStore> {
  const size = await source.size(options);
  const headerBytes = await headerLength(source, size, options);
  const text = await source.read(LENGTH_BYTES, headerBytes, options);
  const header = parseSafetensorsHeader(text, source.name);
  const dataStart = LENGTH_BYTES + headerBytes;
  checkCoverage(header, size - dataStart, source.name);
  return {
    label: source.name,
    entries: header.tensors,
    metadata: header.metadata,
    read: async (name, { signal } = {}) => {
      signal?.throwIfAborted();
      const tensor = header.tensors.get(name);
      if (tensor === undefined) throw missingTensor(source.name, name);
      return readTensor(source, dataStart, tensor, { signal });
    },
    fingerprint: (readOptions) => source.fingerprint(readOptions),
    close: () => source.close(),
  };
}

async function headerLength(source: ByteSource, size: number, options: ReadOptions): Promise<number> {
  if (size < LENGTH_BYTES)
    throw containerError(source.name, `${size} bytes are too few for a safetensors file`);
  const bytes = await source.read(0, LENGTH_BYTES, options);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length < 2n || length > BigInt(Math.min(limits.headerBytes, size - LENGTH_BYTES))) {
    throw containerError(
      source.name,
      `a header of ${length} bytes does not fit a file of ${size}: it is cut off, or no safetensors file`,
    );
  }
  return Number(length);
}

async function readTensor(
  source: ByteSource,
  dataStart: number,
  { type, shape, begin, end }: PlacedTensor,
  options: ReadOptions,
): Promise<RawTensor> {
  const bytes =
    end === begin ? new Uint8Array(0) : await source.read(dataStart + begin, end - begin, options);
  return { type, shape, bytes };
}
