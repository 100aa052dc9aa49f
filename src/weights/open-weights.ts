import type { ByteSource, ReadOptions } from '../core/source.js';
import type { WeightStore } from './weight-store.js';

/**
 * Opens a weight file of any container that is read: safetensors, or a torch checkpoint. The content decides, not the
 * extension. Only headers are read. On failure the source is closed.
 * @throws `weights-format`, naming the file, when it is broken, dangerous, of another kind, or holds no tensor.
 */
export async function openWeights(source: ByteSource, options: ReadOptions = {}): Promise<WeightStore> {
  // The readers come with the first file.
  const { openContainer } = await import('./containers/open-container.js');
  return openContainer(source, options);
}
