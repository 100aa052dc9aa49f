import type { ByteSource, ReadOptions } from '../../core/source.js';
import { containerError } from './container-error.js';

/** Where the central directory lies and how many files it lists. */
export interface DirectoryEnd {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const WIDE_END_BYTES = 56;
const TAIL_BYTES = WIDE_END_BYTES + LOCATOR_BYTES + END_BYTES;

/**
 * Reads the records at the very end of a zip archive. They must be its last bytes, without a comment, and the 32-bit and
 * the 64-bit record must agree wherever the former has room.
 * @throws `weights-format`
 */
export async function readDirectoryEnd(source: ByteSource, options: ReadOptions): Promise<DirectoryEnd> {
  const fileSize = await source.size(options);
  if (fileSize < END_BYTES) throw noEnd(source.name);
  const tailBytes = Math.min(fileSize, TAIL_BYTES);
  const tail = await source.read(fileSize - tailBytes, tailBytes, options);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const narrow = parseNarrow(view, source.name);
  const wide = parseWide(view, fileSize, source.name);
  const end = wide === undefined ? narrow : reconciled(narrow, wide, source.name);
  const recordsAt = fileSize - (wide === undefined ? END_BYTES : TAIL_BYTES);
  if (end.offset + end.size !== recordsAt) {
    throw containerError(
      source.name,
      "the zip archive's directory is not where its end says. Fetch the file again.",
    );
  }
  return end;
}

function parseNarrow(view: DataView, file: string): DirectoryEnd {
  const at = view.byteLength - END_BYTES;
  if (view.getUint32(at, true) !== 0x06054b50 || view.getUint16(at + 20, true) !== 0) throw noEnd(file);
  const count = view.getUint16(at + 10, true);
  if (!isSingle(view.getUint16(at + 4, true)) || !isSingle(view.getUint16(at + 6, true)))
    throw severalDisks(file);
  if (view.getUint16(at + 8, true) !== count) throw severalDisks(file);
  return { count, size: view.getUint32(at + 12, true), offset: view.getUint32(at + 16, true) };
}

function isSingle(disk: number): boolean {
  return disk === 0 || disk === 0xffff;
}

function parseWide(view: DataView, fileSize: number, file: string): DirectoryEnd | undefined {
  const locator = view.byteLength - END_BYTES - LOCATOR_BYTES;
  if (locator < 0 || view.getUint32(locator, true) !== 0x07064b50) return undefined;
  const at = locator - WIDE_END_BYTES;
  const number = (offset: number): number => Number(view.getBigUint64(offset, true));
  const misplaced =
    at < 0 || number(locator + 8) !== fileSize - TAIL_BYTES || view.getUint32(at, true) !== 0x06064b50;
  if (misplaced || number(at + 4) !== WIDE_END_BYTES - 12) {
    throw containerError(file, "the zip archive's 64-bit end record is damaged. Fetch the file again.");
  }
  const disks = [
    view.getUint32(locator + 4, true),
    view.getUint32(at + 16, true),
    view.getUint32(at + 20, true),
  ];
  const count = number(at + 32);
  if (disks.some((disk) => disk !== 0) || number(at + 24) !== count) throw severalDisks(file);
  return { count, size: number(at + 40), offset: number(at + 48) };
}

function reconciled(narrow: DirectoryEnd, wide: DirectoryEnd, file: string): DirectoryEnd {
  const agree =
    (narrow.count === 0xffff || narrow.count === wide.count) &&
    (narrow.size === 0xffffffff || narrow.size === wide.size) &&
    (narrow.offset === 0xffffffff || narrow.offset === wide.offset);
  if (!agree) throw containerError(file, "the zip archive's two end records contradict each other");
  return wide;
}

function noEnd(file: string): Error {
  return containerError(
    file,
    'the zip archive does not end as it must: it is cut off (fetch it again), or something was appended to it',
  );
}

function severalDisks(file: string): Error {
  return containerError(file, 'is one part of a zip archive in several files');
}
