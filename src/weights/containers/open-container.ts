import type { ByteSource, ReadOptions } from '../../core/source.js';
import type { WeightStore } from '../weight-store.js';
import { containerError } from './container-error.js';
import { openSafetensors } from './safetensors.js';
import { type SniffedContainer, sniffContainer } from './sniff.js';
import { openTorchLegacy } from './torch-legacy.js';
import { openTorchZip } from './torch-zip.js';

type Opener = (source: ByteSource, options: ReadOptions) => Promise<WeightStore>;

const openers: Readonly<Record<SniffedContainer['kind'], Opener>> = {
  safetensors: openSafetensors,
  'torch-zip': openTorchZip,
  'torch-legacy': openTorchLegacy,
};

/** Opens a weight file with the reader of its container. @throws as `openWeights` does. */
export async function openContainer(source: ByteSource, options: ReadOptions = {}): Promise<WeightStore> {
  try {
    const { kind } = await sniffContainer(source, options);
    const store = await openers[kind](source, options);
    if (store.entries.size === 0) throw containerError(source.name, 'holds no tensors');
    return store;
  } catch (error) {
    await source.close();
    throw error;
  }
}
