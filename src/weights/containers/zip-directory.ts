import type { ByteSource, ReadOptions } from '../../core/source.js';
import { containerError, quoted } from './container-error.js';
import { limits, nameFits } from './container-limits.js';
import { readDirectoryEnd } from './zip-directory-end.js';

/** One file of a zip archive, as the central directory describes it. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  /** 0: stored; 8: deflated. */
  readonly method: number;
  /** CRC-32 of the content; torch may write 0 for "not computed". */
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  /** Where the local header begins. */
  readonly headerOffset: number;
  /** Where the next local header, or the directory, begins: the entry must end before. */
  readonly regionEnd: number;
}

const ENTRY_BYTES = 46;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_HEADER_BYTES = 30;
const DIRECTORY_BYTES = 64 * 2 ** 20;
const ENCRYPTED_FLAGS = 0x2041;

/**
 * Reads the central directory of a zip archive (PKWARE APPNOTE 6.3.10), with 64-bit extensions. Refused is what readers
 * disagree about, since such archives show one content to a scanner and another to a loader: bytes before the first file
 * or after the directory, comments, names given twice, overlaps, encryption, several disks.
 * @throws `weights-format`
 */
export async function readZipDirectory(
  source: ByteSource,
  options: ReadOptions = {},
): Promise<Map<string, ZipEntry>> {
  const { offset, size, count } = await readDirectoryEnd(source, options);
  if (size > DIRECTORY_BYTES || count > limits.tensors) {
    throw containerError(source.name, `a zip archive with ${count} files is too large to be a checkpoint`);
  }
  const bytes = await source.read(offset, size, options);
  const found = parseEntries(bytes, count, source.name);
  return placed(found, offset, source.name);
}

type Unplaced = Omit<ZipEntry, 'regionEnd'>;

function parseEntries(bytes: Uint8Array, count: number, file: string): Unplaced[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Unplaced[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > bytes.byteLength || view.getUint32(at, true) !== ENTRY_SIGNATURE)
      throw damaged(file);
    const nameEnd = at + ENTRY_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const end = extraEnd + view.getUint16(at + 32, true);
    if (end > bytes.byteLength) throw damaged(file);
    const name = entryName(bytes.subarray(at + ENTRY_BYTES, nameEnd), file);
    entries.push(parseEntry(view, at, name, bytes.subarray(nameEnd, extraEnd), file));
    at = end;
  }
  if (at !== bytes.byteLength) throw damaged(file);
  return entries;
}

function parseEntry(view: DataView, at: number, name: string, extra: Uint8Array, file: string): Unplaced {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if (flags & ENCRYPTED_FLAGS) throw containerError(file, `${quoted(name)} in the zip archive is encrypted`);
  if (method !== 0 && method !== 8) {
    throw containerError(
      file,
      `${quoted(name)} in the zip archive is compressed by a method that is not read (${method})`,
    );
  }
  const wide = wideFields(extra, file);
  const field = (value: number): number => (value === 0xffffffff ? wide() : value);
  const size = field(view.getUint32(at + 24, true));
  const packedSize = field(view.getUint32(at + 20, true));
  const headerOffset = field(view.getUint32(at + 42, true));
  const disk = view.getUint16(at + 34, true);
  if (disk !== 0 && disk !== 0xffff)
    throw containerError(file, 'is one part of a zip archive in several files');
  if (method === 0 && size !== packedSize)
    throw containerError(file, `${quoted(name)} in the zip archive has two sizes`);
  return { name, flags, method, crc: view.getUint32(at + 16, true), packedSize, size, headerOffset };
}

/** Gives the 64-bit values of the extra field 0x0001 one after the other: those whose 32-bit field is full. */
function wideFields(extra: Uint8Array, file: string): () => number {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  let at = 0;
  let end = 0;
  for (let i = 0; i + 4 <= extra.byteLength; i += 4 + view.getUint16(i + 2, true)) {
    if (view.getUint16(i, true) !== 1) continue;
    at = i + 4;
    end = Math.min(extra.byteLength, at + view.getUint16(i + 2, true));
    break;
  }
  return () => {
    if (at + 8 > end) throw damaged(file);
    const value = Number(view.getBigUint64(at, true));
    at += 8;
    if (!Number.isSafeInteger(value)) throw damaged(file);
    return value;
  };
}

function entryName(bytes: Uint8Array, file: string): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw containerError(file, 'a file name in the zip archive is not valid UTF-8');
  }
  const strange =
    name === '' ||
    !nameFits(name) ||
    name.startsWith('/') ||
    /[\\\0:]/.test(name) ||
    name.split('/').includes('..');
  if (strange) throw containerError(file, `the file name ${quoted(name)} in the zip archive is not allowed`);
  return name;
}

/** Puts each entry between its neighbours and checks that they do not overlap. */
function placed(entries: Unplaced[], directoryOffset: number, file: string): Map<string, ZipEntry> {
  entries.sort((a, b) => a.headerOffset - b.headerOffset);
  if (entries[0] !== undefined && entries[0].headerOffset !== 0) {
    throw containerError(file, 'there are bytes before the first file of the zip archive');
  }
  const byName = new Map<string, ZipEntry>();
  entries.forEach((entry, i) => {
    const regionEnd = entries[i + 1]?.headerOffset ?? directoryOffset;
    if (entry.headerOffset + LOCAL_HEADER_BYTES + entry.packedSize > regionEnd) {
      throw containerError(file, `${quoted(entry.name)} in the zip archive overlaps what follows it`);
    }
    if (byName.has(entry.name))
      throw containerError(file, `${quoted(entry.name)} is in the zip archive twice`);
    byName.set(entry.name, { ...entry, regionEnd });
  });
  return byName;
}

function damaged(file: string): Error {
  return containerError(file, "the zip archive's directory is damaged. Fetch the file again.");
}
