import { AnimateDiffError } from '../../core/errors.js';
import type { FolderSource, ReadOptions } from '../../core/source.js';
import type { TensorEntry, WeightStore } from '../weight-store.js';
import { containerError, quoted } from './container-error.js';
import { limits } from './container-limits.js';
import { missingTensor } from './missing-tensor.js';
import { openSafetensors } from './safetensors.js';

const INDEX_BYTES = 64 * 2 ** 20;
const MOST_SHARDS = 1000;

/**
 * Opens a model that is split into shards, by its index (`diffusion_pytorch_model.safetensors.index.json`): a JSON object
 * whose `weight_map` gives each tensor's shard, a file beside the index. Tensors that the index does not list are left out.
 * @throws `weights-format` when the index or a shard is broken, a shard is missing or its name leaves the folder, a tensor
 * is in no shard or in two. `invalid-options` when there is no index at `indexPath`.
 */
export async function openShardedSafetensors(
  folder: FolderSource,
  indexPath: string,
  options: ReadOptions = {},
): Promise<WeightStore> {
  const label = `${folder.name}/${indexPath}`;
  const shardOf = await readIndex(folder, indexPath, label, options);
  const shards = new Map<string, WeightStore>();
  try {
    for (const shard of new Set(shardOf.values())) {
      shards.set(shard, await openShard(folder, indexPath, shard, label, options));
    }
    return shardedStore(label, shardOf, shards);
  } catch (error) {
    await Promise.allSettled([...shards.values()].map((shard) => shard.close()));
    throw error;
  }
}

async function readIndex(
  folder: FolderSource,
  indexPath: string,
  label: string,
  options: ReadOptions,
): Promise<Map<string, string>> {
  const source = await folder.file(indexPath, options);
  if (source === undefined) throw new AnimateDiffError('invalid-options', `there is no file ${label}`);
  try {
    const size = await source.size(options);
    if (size > INDEX_BYTES) throw containerError(label, `an index of ${size} bytes is too large`);
    return parseIndex(await source.read(0, size, options), label);
  } finally {
    await source.close();
  }
}

function parseIndex(bytes: Uint8Array, label: string): Map<string, string> {
  const map = weightMap(bytes);
  if (map === undefined) throw containerError(label, 'is not a JSON object with a "weight_map"');
  const entries = Object.entries(map);
  if (entries.length > limits.tensors)
    throw containerError(label, `lists more than ${limits.tensors} tensors`);
  const shards = new Map<string, string>();
  for (const [tensor, shard] of entries) {
    if (typeof shard !== 'string' || !/^[\w.-]{1,255}$/.test(shard) || shard.startsWith('.')) {
      throw containerError(
        label,
        `the shard of tensor ${quoted(tensor)} must be the plain name of a file beside the index`,
      );
    }
    shards.set(tensor, shard);
  }
  if (new Set(shards.values()).size > MOST_SHARDS)
    throw containerError(label, `lists more than ${MOST_SHARDS} shards`);
  return shards;
}

function weightMap(bytes: Uint8Array): object | undefined {
  try {
    const index: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const map: unknown =
      isObject(index) && Object.hasOwn(index, 'weight_map') ? Reflect.get(index, 'weight_map') : undefined;
    return isObject(map) ? map : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function openShard(
  folder: FolderSource,
  indexPath: string,
  shard: string,
  label: string,
  options: ReadOptions,
): Promise<WeightStore> {
  const path = indexPath.slice(0, indexPath.lastIndexOf('/') + 1) + shard;
  const source = await folder.file(path, options);
  if (source === undefined) throw containerError(label, `the shard ${quoted(shard)} is missing`);
  try {
    return await openSafetensors(source, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}

function shardedStore(
  label: string,
  shardOf: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, WeightStore>,
): WeightStore {
  const entries = mergedEntries(label, shardOf, shards);
  const stores = [...shards.values()];
  return {
    label,
    entries,
    metadata: new Map(stores.flatMap((store) => [...store.metadata])),
    read: async (name, options) => {
      const store = shards.get(shardOf.get(name) ?? '');
      if (store === undefined) throw missingTensor(label, name);
      return store.read(name, options);
    },
    fingerprint: async (options) => {
      const prints = await Promise.all(stores.map((store) => store.fingerprint(options)));
      return prints.includes(undefined) ? undefined : `shards:${JSON.stringify(prints)}`;
    },
    close: async () => {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

function mergedEntries(
  label: string,
  shardOf: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, WeightStore>,
): Map<string, TensorEntry> {
  const seen = new Map<string, string>();
  for (const [shard, store] of shards) {
    for (const name of store.entries.keys()) {
      const other = seen.get(name);
      if (other !== undefined)
        throw containerError(label, `tensor ${quoted(name)} is in both ${other} and ${shard}`);
      seen.set(name, shard);
    }
  }
  const entries = new Map<string, TensorEntry>();
  for (const [name, shard] of shardOf) {
    const entry = shards.get(shard)?.entries.get(name);
    if (entry === undefined)
      throw containerError(label, `tensor ${quoted(name)} is not in its shard ${shard}`);
    entries.set(name, entry);
  }
  return entries;
}
