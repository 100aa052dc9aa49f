import type { ByteSource, ReadOptions } from '../../core/source.js';
import type { WeightStore } from '../weight-store.js';
import { containerError, quoted } from './container-error.js';
import { limits } from './container-limits.js';
import { readPickle } from './pickle-opcodes.js';
import { PickleCutOff, PickleReader } from './pickle-reader.js';
import { isKind, type PickleStorage, type PickleValue } from './pickle-values.js';
import { type TorchRules, torchRules } from './torch-rules.js';
import { stateDict } from './torch-state-dict.js';
import { type ReadStorage, torchStore } from './torch-store.js';

/** Bytes of the first pickle, the magic number; `sniffContainer` compares them. */
const MAGIC_BYTES = 15;
const FIRST_WINDOW_BYTES = 2 ** 20;
const PROTOCOL = 1001;
/** Before each storage stands its count of elements. */
const COUNT_BYTES = 8;

/**
 * Opens a checkpoint of torch 0.1.11 to 1.5 (`_legacy_save` of torch/serialization.py): five pickles one after the other
 * (magic number, protocol, system, object, storage keys), then every storage as a count and raw elements. How long the
 * pickles are shows only when they are read, so a window over the start of the file grows until they fit.
 * @throws `weights-format` for broken streams, big-endian data, and pickles that are not only weights.
 */
export async function openTorchLegacy(source: ByteSource, options: ReadOptions = {}): Promise<WeightStore> {
  const size = await source.size(options);
  const { value, keys, rules, end } = await readPickles(source, size, options);
  const starts = layout(keys, rules, end, size, source.name);
  return torchStore(source, stateDict(value, source.name), storageReader(source, starts));
}

interface LegacyPickles {
  readonly value: PickleValue;
  readonly keys: readonly string[];
  readonly rules: TorchRules;
  /** Position of the first storage. */
  readonly end: number;
}

async function readPickles(source: ByteSource, size: number, options: ReadOptions): Promise<LegacyPickles> {
  const most = Math.min(size, limits.pickleBytes);
  for (let window = Math.min(most, FIRST_WINDOW_BYTES); ; window = Math.min(most, window * 4)) {
    const bytes = await source.read(0, window, options);
    const pickles = parsePickles(bytes, source.name);
    if (pickles !== undefined) return pickles;
    if (window === most)
      throw containerError(source.name, 'the pickles are cut off, or too large. Fetch the file again.');
  }
}

/** `undefined` when the bytes end before the pickles do. */
function parsePickles(bytes: Uint8Array, file: string): LegacyPickles | undefined {
  const reader = new PickleReader(bytes, MAGIC_BYTES);
  const rules = torchRules(file);
  try {
    if (readPickle(reader, rules, file) !== PROTOCOL)
      throw containerError(file, 'is of an unknown protocol of torch');
    checkSystem(readPickle(reader, rules, file), file);
    const value = readPickle(reader, rules, file);
    const keys = storageKeys(readPickle(reader, rules, file), file);
    rules.checkNames();
    return { value, keys, rules, end: reader.at };
  } catch (error) {
    rules.checkNames();
    if (error instanceof PickleCutOff) return undefined;
    throw error;
  }
}

function checkSystem(system: PickleValue, file: string): void {
  if (!isKind(system, 'dict') || system.items.get('little_endian') !== true) {
    throw containerError(file, 'is not stored in little-endian byte order, which alone is read');
  }
}

function storageKeys(value: PickleValue, file: string): string[] {
  const items = isKind(value, 'list') ? value.items : [null];
  const keys = items.filter((item) => typeof item === 'string');
  if (keys.length !== items.length || new Set(keys).size !== keys.length) {
    throw containerError(file, 'the list of storages is not valid');
  }
  return keys;
}

/** Where each storage's count stands. The storages must fill the rest of the file. */
function layout(
  keys: readonly string[],
  { storages }: TorchRules,
  end: number,
  size: number,
  file: string,
): Map<string, number> {
  const starts = new Map<string, number>();
  let at = end;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined) throw containerError(file, `the storage ${quoted(key)} belongs to no tensor`);
    starts.set(key, at);
    at += COUNT_BYTES + storage.count * storage.elementBytes;
  }
  const absent = [...storages.keys()].find((key) => !starts.has(key));
  if (absent !== undefined) throw containerError(file, `the storage ${quoted(absent)} is missing`);
  if (at !== size)
    throw containerError(file, `the storages end at byte ${at}, but the file has ${size}. Fetch it again.`);
  return starts;
}

function storageReader(source: ByteSource, starts: ReadonlyMap<string, number>): ReadStorage {
  const checked = new Set<string>();

  async function checkCount(
    { key, count }: PickleStorage,
    start: number,
    options: ReadOptions,
  ): Promise<void> {
    if (checked.has(key)) return;
    const bytes = await source.read(start, COUNT_BYTES, options);
    const found = new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true);
    if (found !== BigInt(count)) {
      throw containerError(
        source.name,
        `the storage ${quoted(key)} has ${found} elements, but ${count} are declared`,
      );
    }
    checked.add(key);
  }

  return async (storage, begin, length, options) => {
    const start = starts.get(storage.key)!;
    await checkCount(storage, start, options);
    return source.read(start + COUNT_BYTES + begin, length, options);
  };
}
