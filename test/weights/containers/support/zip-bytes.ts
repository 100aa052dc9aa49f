import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../../../../src/core/crc32.js';

/** A file to be packed; the rest are lies that a hostile archive may tell. */
export interface Member {
  name: string;
  content: Uint8Array | string;
  deflate?: boolean;
  localName?: string;
  localSize?: number;
  localMethod?: number;
  localFlags?: number;
  flags?: number;
  method?: number;
  crc?: number;
  size?: number;
  packedSize?: number;
  headerOffset?: number;
  comment?: string;
}

/** Lies of the archive's end. */
export interface ArchiveOptions {
  before?: Uint8Array;
  comment?: string;
  after?: Uint8Array;
  count?: number;
  directoryOffset?: number;
  /** Writes 64-bit records too, with the 32-bit fields full, as torch does for large files. */
  zip64?: boolean;
}

const encode = (text: string) => new TextEncoder().encode(text);

/** A zip archive, written as little as possible so that a test can bend any field. */
export function zipBytes(members: readonly Member[], options: ArchiveOptions = {}): Uint8Array {
  const parts: Uint8Array[] = [options.before ?? new Uint8Array(0)];
  const directory: Uint8Array[] = [];
  let at = parts[0]!.byteLength;
  for (const member of members) {
    const content = typeof member.content === 'string' ? encode(member.content) : member.content;
    const packed = member.deflate ? new Uint8Array(deflateRawSync(content)) : content;
    const method = member.method ?? (member.deflate ? 8 : 0);
    const flags = member.flags ?? 0;
    const crc = member.crc ?? crc32(content);
    const name = encode(member.name);
    const localName = encode(member.localName ?? member.name);
    const size = member.size ?? content.byteLength;
    const packedSize = member.packedSize ?? packed.byteLength;
    const headerOffset = member.headerOffset ?? at;
    const local = fields([
      [4, 0x04034b50],
      [2, 20],
      [2, member.localFlags ?? flags],
      [2, member.localMethod ?? method],
      [4, 0],
      [4, crc],
      [4, packedSize],
      [4, member.localSize ?? size],
      [2, localName.byteLength],
      [2, 0],
    ]);
    parts.push(local, localName, packed);
    const extra = options.zip64
      ? fields([
          [2, 1],
          [2, 24],
          [8, size],
          [8, packedSize],
          [8, headerOffset],
        ])
      : new Uint8Array(0);
    const narrow = (value: number) => (options.zip64 ? 0xffffffff : value);
    const comment = encode(member.comment ?? '');
    const central = fields([
      [4, 0x02014b50],
      [2, 20],
      [2, 20],
      [2, flags],
      [2, method],
      [4, 0],
      [4, crc],
      [4, narrow(packedSize)],
      [4, narrow(size)],
      [2, name.byteLength],
      [2, extra.byteLength],
      [2, comment.byteLength],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, narrow(headerOffset)],
    ]);
    directory.push(central, name, extra, comment);
    at += local.byteLength + localName.byteLength + packed.byteLength;
  }
  return join([...parts, ...directory, endRecords(join(directory).byteLength, at, members.length, options)]);
}

function endRecords(size: number, offset: number, members: number, options: ArchiveOptions): Uint8Array {
  const count = options.count ?? members;
  const start = options.directoryOffset ?? offset;
  const wide = fields([
    [4, 0x06064b50],
    [8, 44],
    [2, 45],
    [2, 45],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, size],
    [8, start],
    [4, 0x07064b50],
    [4, 0],
    [8, offset + size],
    [4, 1],
  ]);
  const comment = encode(options.comment ?? '');
  const narrow = fields([
    [4, 0x06054b50],
    [4, 0],
    [2, options.zip64 ? 0xffff : count],
    [2, options.zip64 ? 0xffff : count],
    [4, options.zip64 ? 0xffffffff : size],
    [4, options.zip64 ? 0xffffffff : start],
    [2, comment.byteLength],
  ]);
  const parts = [narrow, comment, options.after ?? new Uint8Array(0)];
  return join(options.zip64 ? [wide, ...parts] : parts);
}

function fields(list: readonly [bytes: 2 | 4 | 8, value: number][]): Uint8Array {
  const bytes = new Uint8Array(list.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of list) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return bytes;
}

/** One array after the other. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
