import { AnimateDiffError } from '../core/errors.js';
import type { ReadOptions } from '../core/source.js';
import { elementCount } from '../core/tensor.js';
import type { Rename } from './names/match-keys.js';
import type { RawTensor, TensorEntry, WeightStore } from './weight-store.js';

/**
 * A view of a store under other names and shapes; tensors that `renames` does not mention are not in it. Bytes are
 * handed through untouched. Closing the view closes the store beneath.
 * @throws `weights-mismatch` when a rename points at a tensor that is not there or has another element count.
 */
export function renamedStore(store: WeightStore, renames: ReadonlyMap<string, Rename>): WeightStore {
  const entries = new Map<string, TensorEntry>();
  for (const [name, rename] of renames) entries.set(name, renamedEntry(store, name, rename));
  return {
    label: store.label,
    entries,
    metadata: store.metadata,
    read: (name, options) => readRenamed(store, entries.get(name), renames.get(name), name, options),
    fingerprint: (options) => store.fingerprint(options),
    close: () => store.close(),
  };
}

function renamedEntry(store: WeightStore, name: string, rename: Rename): TensorEntry {
  const stored = store.entries.get(rename.from);
  if (!stored) throw absent(store.label, rename.from);
  const shape = rename.shape ?? stored.shape;
  if (elementCount(shape) !== elementCount(stored.shape)) {
    throw new AnimateDiffError(
      'weights-mismatch',
      `'${rename.from}' in ${store.label} is [${stored.shape.join(', ')}] and cannot be read as [${shape.join(', ')}]`,
    );
  }
  return { name, type: stored.type, shape };
}

async function readRenamed(
  store: WeightStore,
  entry: TensorEntry | undefined,
  rename: Rename | undefined,
  name: string,
  options?: ReadOptions,
): Promise<RawTensor> {
  if (!entry || !rename) throw absent(store.label, name);
  const { type, bytes } = await store.read(rename.from, options);
  return { type, shape: entry.shape, bytes };
}

function absent(label: string, name: string): AnimateDiffError {
  return new AnimateDiffError('weights-mismatch', `${label} has no tensor '${name}'`, {
    details: { file: label, missing: [name] },
  });
}
