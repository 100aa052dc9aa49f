import type { ByteSource, ReadOptions } from '../../core/source.js';
import type { WeightStore } from '../weight-store.js';
import { containerError, quoted } from './container-error.js';
import { limits } from './container-limits.js';
import { readPickle } from './pickle-opcodes.js';
import { PickleCutOff, PickleReader } from './pickle-reader.js';
import type { PickleValue } from './pickle-values.js';
import { type TorchRules, torchRules } from './torch-rules.js';
import { stateDict } from './torch-state-dict.js';
import { torchStore } from './torch-store.js';
import { readZipDirectory, type ZipEntry } from './zip-directory.js';
import { checkCrc, type ZipReader, zipReader } from './zip-read.js';

type Directory = ReadonlyMap<string, ZipEntry>;

/**
 * Opens a checkpoint of torch 1.6 or later: a zip archive of `ROOT/data.pkl` and one raw record `ROOT/data/KEY` for each
 * storage. Reads the directory and the pickle, and no record yet.
 * @throws `weights-format` for broken archives, TorchScript, big-endian data, and pickles that are not only weights.
 */
export async function openTorchZip(source: ByteSource, options: ReadOptions = {}): Promise<WeightStore> {
  const directory = await readZipDirectory(source, options);
  const root = rootOf(directory, source.name);
  checkMembers(directory, root, source.name);
  const zip = zipReader(source);
  await checkByteOrder(directory.get(`${root}/byteorder`), zip, source.name, options);
  const rules = torchRules(source.name);
  const pickle = await readDataPickle(directory.get(`${root}/data.pkl`)!, zip, source.name, options);
  const value = unpickle(pickle, rules, source.name);
  const records = recordsOf(directory, root, rules, source.name);
  return torchStore(source, stateDict(value, source.name), (storage, begin, length, readOptions) =>
    zip.read(records.get(storage.key)!, begin, length, readOptions),
  );
}

function rootOf(directory: Directory, file: string): string {
  const roots = [...directory.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [only] = roots;
  if (roots.length === 1 && only !== undefined) return only.slice(0, only.indexOf('/'));
  const problem = roots.length === 0 ? 'has no data.pkl: it is no torch checkpoint' : 'has several data.pkl';
  throw containerError(file, `the zip archive ${problem}. If a model folder was zipped, unpack it.`);
}

const MEMBER =
  /^(data\.pkl|version|byteorder|\.format_version|\.storage_alignment|\.data\/serialization_id|data\/[^/]+)$/;

function checkMembers(directory: Directory, root: string, file: string): void {
  for (const [name, { size }] of directory) {
    const member = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : undefined;
    // Archives that were unpacked and packed again list their folders.
    if (member !== undefined && (MEMBER.test(member) || (/^(|data\/|\.data\/)$/.test(member) && size === 0)))
      continue;
    if (member === 'constants.pkl' || member?.startsWith('code/')) {
      throw containerError(file, 'is a TorchScript program, not weights. Save its state dict instead.');
    }
    throw containerError(
      file,
      `the zip archive holds ${quoted(name)}, which does not belong to a torch checkpoint`,
    );
  }
}

async function checkByteOrder(
  entry: ZipEntry | undefined,
  zip: ZipReader,
  file: string,
  options: ReadOptions,
): Promise<void> {
  if (entry === undefined) return;
  const text = entry.size > 16 ? '' : new TextDecoder().decode(await zip.read(entry, 0, entry.size, options));
  if (text.trim() !== 'little')
    throw containerError(file, `its byte order is ${quoted(text)}: only little is read`);
}

async function readDataPickle(
  entry: ZipEntry,
  zip: ZipReader,
  file: string,
  options: ReadOptions,
): Promise<Uint8Array> {
  if (entry.size > limits.pickleBytes)
    throw containerError(file, `a pickle of ${entry.size} bytes is too large`);
  const bytes = await zip.read(entry, 0, entry.size, options);
  checkCrc(bytes, entry, file);
  return bytes;
}

function unpickle(bytes: Uint8Array, rules: TorchRules, file: string): PickleValue {
  const reader = new PickleReader(bytes);
  try {
    const value = readPickle(reader, rules, file);
    if (reader.at !== bytes.byteLength)
      throw containerError(file, 'something follows the pickle in data.pkl');
    return value;
  } catch (error) {
    if (error instanceof PickleCutOff) throw containerError(file, 'the pickle in data.pkl is cut off');
    throw error;
  } finally {
    // What the names say matters more to people than the first thing that did not fit.
    rules.checkNames();
  }
}

function recordsOf(
  directory: Directory,
  root: string,
  rules: TorchRules,
  file: string,
): Map<string, ZipEntry> {
  const records = new Map<string, ZipEntry>();
  for (const { key, count, elementBytes } of rules.storages.values()) {
    const entry = directory.get(`${root}/data/${key}`);
    if (entry === undefined) throw containerError(file, `the record of storage ${quoted(key)} is missing`);
    if (entry.size !== count * elementBytes) {
      const sizes = `${entry.size} bytes, but ${count * elementBytes} are declared`;
      throw containerError(file, `the record of storage ${quoted(key)} has ${sizes}`);
    }
    records.set(key, entry);
  }
  return records;
}
