import { allocateBytes } from '../../core/byte-source-range.js';
import type { ReadOptions } from '../../core/source.js';
import { containerError } from './container-error.js';

/**
 * Inflates raw deflate data with the platform's `DecompressionStream`. Stops as soon as more than `size` bytes come out.
 * @throws `weights-format` unless exactly `size` bytes come out.
 */
export async function inflateRaw(
  packed: Uint8Array,
  size: number,
  name: string,
  { signal }: ReadOptions,
): Promise<Uint8Array> {
  const content = allocateBytes(name, size);
  let length = 0;
  const reader = inflating(packed).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw containerError(name, `is damaged: ${cause instanceof Error ? cause.message : String(cause)}`);
      });
      signal?.throwIfAborted();
      if (done) break;
      if (length + value.byteLength > size)
        throw containerError(name, `is larger than the ${size} bytes it declares`);
      content.set(value, length);
      length += value.byteLength;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
  if (length !== size) throw containerError(name, `has ${length} bytes, but declares ${size}`);
  return content;
}

function inflating(packed: Uint8Array): ReadableStream<Uint8Array> {
  const PART = 2 ** 16;
  let at = 0;
  const parts = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      if (at >= packed.byteLength) controller.close();
      else controller.enqueue(packed.subarray(at, at + PART) as Uint8Array<ArrayBuffer>);
      at += PART;
    },
  });
  return parts.pipeThrough(new DecompressionStream('deflate-raw'));
}
