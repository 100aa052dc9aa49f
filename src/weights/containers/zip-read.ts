import { crc32 } from '../../core/crc32.js';
import type { ByteSource, ReadOptions } from '../../core/source.js';
import { containerError, quoted } from './container-error.js';
import { inflateRaw } from './inflate.js';
import type { ZipEntry } from './zip-directory.js';

const HEADER_BYTES = 30;
const HEADER_SIGNATURE = 0x04034b50;
const DESCRIPTOR_FLAG = 0x8;
/** Torch aligns contents to this: reads that begin there give aligned arrays. */
const ALIGNMENT = 64;
/** A header this long at most is read together with the content, which saves a request. */
const HEADER_GUESS_BYTES = 4096;
/** Deflated weights shrink little; more than this factor above the allowance is a decompression bomb. */
const INFLATE_RATIO = 20;
const INFLATE_ALLOWANCE = 2 ** 20;

/** Reads files inside a zip archive whose directory is known. */
export interface ZipReader {
  /** Bytes `[begin, begin + length)` of an entry's content. */
  read(entry: ZipEntry, begin: number, length: number, options?: ReadOptions): Promise<Uint8Array>;
}

/**
 * Reader of a zip archive's contents. Before an entry's first read its local header is compared with the directory.
 * Stored entries are read where they lie; deflated ones are inflated whole, never beyond their declared size.
 */
export function zipReader(source: ByteSource): ZipReader {
  const contentStarts = new Map<ZipEntry, number>();

  async function readPacked(
    entry: ZipEntry,
    begin: number,
    length: number,
    options: ReadOptions,
  ): Promise<Uint8Array> {
    const known = contentStarts.get(entry);
    if (known !== undefined) return source.read(known + begin, length, options);
    const overhead = entry.regionEnd - entry.headerOffset - entry.packedSize;
    const together = overhead + begin <= HEADER_GUESS_BYTES ? overhead + begin + length : HEADER_GUESS_BYTES;
    const from = entry.headerOffset - (entry.headerOffset % ALIGNMENT);
    const to = Math.min(entry.headerOffset + together, entry.regionEnd);
    const block = await source.read(from, to - from, options);
    const start = contentStart(block.subarray(entry.headerOffset - from), entry, source.name);
    contentStarts.set(entry, start);
    const at = start + begin - from;
    return at + length <= block.byteLength
      ? block.subarray(at, at + length)
      : source.read(start + begin, length, options);
  }

  return {
    read: async (entry, begin, length, options = {}) => {
      options.signal?.throwIfAborted();
      if (length === 0) return new Uint8Array(0);
      if (entry.method === 0) return readPacked(entry, begin, length, options);
      checkRatio(entry, source.name);
      const packed = await readPacked(entry, 0, entry.packedSize, options);
      const content = await inflateRaw(packed, entry.size, `${source.name}: ${quoted(entry.name)}`, options);
      checkCrc(content, entry, source.name);
      return content.subarray(begin, begin + length);
    },
  };
}

/**
 * Compares content with the directory's checksum, where there is one.
 * @throws `weights-format`
 */
export function checkCrc(content: Uint8Array, entry: ZipEntry, file: string): void {
  if (entry.crc !== 0 && crc32(content) !== entry.crc) {
    throw containerError(
      file,
      `${quoted(entry.name)} in the zip archive is damaged (checksum). Fetch the file again.`,
    );
  }
}

function checkRatio(entry: ZipEntry, file: string): void {
  if (entry.size > entry.packedSize * INFLATE_RATIO + INFLATE_ALLOWANCE) {
    throw containerError(file, `${quoted(entry.name)} in the zip archive grows too much when it is inflated`);
  }
}

/** Position of an entry's content in the file, from its local header, which must say what the directory says. */
function contentStart(bytes: Uint8Array, entry: ZipEntry, file: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEADER_BYTES || view.getUint32(0, true) !== HEADER_SIGNATURE)
    throw contradiction(entry, file);
  const nameBytes = view.getUint16(26, true);
  const headerBytes = HEADER_BYTES + nameBytes + view.getUint16(28, true);
  const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    bytes.subarray(HEADER_BYTES, HEADER_BYTES + nameBytes),
  );
  const same =
    name === entry.name &&
    view.getUint16(6, true) === entry.flags &&
    view.getUint16(8, true) === entry.method &&
    sizesAgree(view, entry) &&
    entry.headerOffset + headerBytes + entry.packedSize <= entry.regionEnd;
  if (!same) throw contradiction(entry, file);
  return entry.headerOffset + headerBytes;
}

function sizesAgree(view: DataView, entry: ZipEntry): boolean {
  const packed = view.getUint32(18, true);
  const size = view.getUint32(22, true);
  const absent = (entry.flags & DESCRIPTOR_FLAG) !== 0 && packed === 0 && size === 0;
  // A full field means that the 64-bit sizes are in an extra field; the directory's are used anyway.
  const equal = (value: number, expected: number) => value === expected || value === 0xffffffff;
  return absent || (equal(packed, entry.packedSize) && equal(size, entry.size));
}

function contradiction(entry: ZipEntry, file: string): Error {
  return containerError(file, `${quoted(entry.name)} in the zip archive contradicts the archive's directory`);
}
