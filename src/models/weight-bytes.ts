import { AnimateDiffError } from '../core/errors.js';
import { firstNonFiniteHalf } from '../core/finite.js';
import { float32ToFloat16 } from '../core/half.js';
import { yieldToEventLoop } from '../core/yield.js';
import type { Placement } from '../onnx/weight-layout.js';
import type { WeightSource } from './weight-source.js';

/** Elements narrowed at a time: a few milliseconds, so that an application's event loop stays live while it loads. */
const sliceElements = 2 ** 20;

/** Where weights come from, as far as reading them goes. */
export type WeightReader = Pick<WeightSource, 'read' | 'readFloat16'>;

/**
 * The bytes of a weight as its graph stores it: float32, or float16 rounded to the nearest.
 * @throws `numerics` for a weight that float16 cannot hold, or what reading it throws.
 */
export async function weightBytes(
  source: WeightReader,
  { name, type }: Pick<Placement, 'name' | 'type'>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (type === 'float16') {
    const bits = await source.readFloat16?.(name, { signal });
    return bytesOf(bits ?? (await narrowed(await source.read(name, { signal }), name, signal)));
  }
  return bytesOf(await source.read(name, { signal }));
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

async function narrowed(values: Float32Array, name: string, signal?: AbortSignal): Promise<Uint16Array> {
  const bits = new Uint16Array(values.length);
  for (let start = 0; start < values.length; start += sliceElements) {
    const part = float32ToFloat16(values.subarray(start, start + sliceElements));
    const bad = firstNonFiniteHalf(part);
    // A weight that is cut off makes another model, which nobody would notice: better to be told.
    if (bad >= 0) throw outOfRange(name, values[start + bad]!, start + bad);
    bits.set(part, start);
    if (start + sliceElements < values.length) await yieldToEventLoop();
    signal?.throwIfAborted();
  }
  return bits;
}

function outOfRange(name: string, value: number, element: number): AnimateDiffError {
  return new AnimateDiffError(
    'numerics',
    `weight '${name}' holds ${value} at element ${element}, but float16 ends at 65504; load the model with precision: 'float32'`,
    { details: { tensor: name, element, value } },
  );
}
