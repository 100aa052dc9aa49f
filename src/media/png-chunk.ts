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

/** CRC-32 as PNG defines it (annex D): reflected polynomial 0xEDB88320, all bits inverted before and after. */
export function crc32(bytes: Uint8Array): number {
  const table = crcTable();
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// Built for each call: 2048 steps are nothing beside a chunk, and a table kept in the module would be shared state.
function crcTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
  });
}
