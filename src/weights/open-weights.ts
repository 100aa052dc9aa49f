import type { ByteSource, ReadOptions } from '../core/source.js';
import { containerError } from './containers/container-error.js';
import { openSafetensors } from './containers/safetensors.js';
import { type SniffedContainer, sniffContainer } from './containers/sniff.js';
import { openTorchLegacy } from './containers/torch-legacy.js';
import { openTorchZip } from './containers/torch-zip.js';
import type { WeightStore } from './weight-store.js';

export { openShardedSafetensors } from './containers/sharded-safetensors.js';

type Opener = (source: ByteSource, options: ReadOptions) => Promise<WeightStore>;

const openers: Readonly<Record<SniffedContainer['kind'], Opener>> = {
  safetensors: openSafetensors,
  'torch-zip': openTorchZip,
  'torch-legacy': openTorchLegacy,
};

/**
 * Opens a weight file of any container that is read: safetensors, or a torch checkpoint. The content decides, not the
 * extension. Only headers are read. On failure the source is closed.
 * @throws `weights-format`, naming the file, when it is broken, dangerous, of another kind, or holds no tensor.
 */
export async function openWeights(source: ByteSource, options: ReadOptions = {}): Promise<WeightStore> {
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
