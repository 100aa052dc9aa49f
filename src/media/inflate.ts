import { brokenPicture } from './picture-limits.js';

/** No deflate stream grows by more: a match of 258 bytes in two bits. */
const mostGrowth = 1032;

/**
 * The first `size` bytes of a zlib stream (RFC 1950), by the platform's own decompressor. What comes after them is not
 * even unpacked.
 * @throws `weights-format` that names the file when there are fewer or the stream is broken; before room is made for
 * more than the stream could hold.
 */
export async function inflateExactly(
  compressed: Uint8Array<ArrayBuffer>,
  size: number,
  name: string,
): Promise<Uint8Array> {
  if (size > compressed.length * mostGrowth) brokenPicture(name, 'there are fewer pixels than it claims');
  const out = new Uint8Array(size);
  const reader = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  let at = 0;
  try {
    while (at < size) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, size - at);
      out.set(part, at);
      at += part.length;
    }
  } catch (cause) {
    brokenPicture(name, 'its compressed pixels are damaged or cut short', cause);
  } finally {
    // Also of a stream that failed: nothing more is wanted of it.
    await reader.cancel().catch(() => undefined);
  }
  if (at < size) brokenPicture(name, 'there are fewer pixels than it claims');
  return out;
}
