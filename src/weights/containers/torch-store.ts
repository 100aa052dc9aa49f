import type { ByteSource, ReadOptions } from '../../core/source.js';
import { bytesPerElement } from '../convert.js';
import type { RawTensor, TensorEntry, WeightStore } from '../weight-store.js';
import { missingTensor } from './missing-tensor.js';
import type { PickleStorage, PickleTensor } from './pickle-values.js';
import { toRowMajor } from './strided-copy.js';
import type { StateDict } from './torch-state-dict.js';
import { reach } from './torch-tensor.js';

/** Reads bytes `[begin, begin + length)` of a storage's record. */
export type ReadStorage = (
  storage: PickleStorage,
  begin: number,
  length: number,
  options: ReadOptions,
) => Promise<Uint8Array>;

/** A store over a checkpoint's tensors. Of a view only the span that it covers is read. */
export function torchStore(
  source: ByteSource,
  { tensors, metadata }: StateDict,
  readStorage: ReadStorage,
): WeightStore {
  const entries = new Map<string, TensorEntry>();
  for (const [name, { type, shape }] of tensors) entries.set(name, { name, type, shape });
  return {
    label: source.name,
    entries,
    metadata,
    read: async (name, { signal } = {}) => {
      signal?.throwIfAborted();
      const tensor = tensors.get(name);
      if (tensor === undefined) throw missingTensor(source.name, name);
      return readTensor(tensor, readStorage, { signal });
    },
    fingerprint: (options) => source.fingerprint(options),
    close: () => source.close(),
  };
}

async function readTensor(
  tensor: PickleTensor,
  readStorage: ReadStorage,
  options: ReadOptions,
): Promise<RawTensor> {
  const { storage, type, shape, strides, byteOffset } = tensor;
  if (shape.includes(0)) return { type, shape, bytes: new Uint8Array(0) };
  const elementBytes = bytesPerElement(type);
  const span = await readStorage(storage, byteOffset, reach(shape, strides) * elementBytes, options);
  return { type, shape, bytes: toRowMajor(span, elementBytes, shape, strides) };
}
