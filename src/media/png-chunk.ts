import { crc32 } from '../core/crc32.js';
import { ascii, concatBytes } from './bytes.js';

/** The eight bytes every PNG file begins with (PNG specification, third edition, §5.2). */
export const pngSignature: readonly number[] = [137, 80, 78, 71, 13, 10, 26, 10];

/**
 * One PNG chunk: length, type, data, and the CRC of type and data (§5.3).
 *
 * @param type Four ASCII letters, such as `IHDR`.
 */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = concatBytes([ascii(type), data]);
  return concatBytes([bigEndian([[4, data.length]]), body, bigEndian([[4, crc32(body)]])]);
}

/** Unsigned numbers, each with its size in bytes, most significant byte first. */
export function bigEndian(fields: readonly (readonly [size: 1 | 2 | 4, value: number])[]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([size, value]) =>
      Array.from({ length: size }, (_, index) => (value >>> (8 * (size - 1 - index))) & 255),
    ),
  );
}
