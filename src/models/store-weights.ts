import { AnimateDiffError } from '../core/errors.js';
import { firstNonFinite, firstNonFiniteHalf } from '../core/finite.js';
import { float16ToFloat32 } from '../core/half.js';
import { yieldToEventLoop } from '../core/yield.js';
import { bytesPerElement, float16Bits, toFloat32 } from '../weights/convert.js';
import type { RawTensor, WeightStore } from '../weights/weight-store.js';
import type { WeightSource } from './weight-source.js';

/** Elements converted at a time: a few milliseconds, so that an application's event loop stays live while it loads. */
const sliceElements = 2 ** 20;

/** A file's tensors as a network's weights: converted to float32 and checked to be finite when read. */
export function storeWeights(store: WeightStore): WeightSource {
  return {
    label: store.label,
    names: [...store.entries.keys()],
    shape: (name) => store.entries.get(name)?.shape,
    async read(name, options) {
      const raw = await store.read(name, options);
      return await convert(raw, `${store.label}: weight '${name}'`, options?.signal);
    },
    async readFloat16(name, options) {
      if (store.entries.get(name)?.type !== 'f16') return undefined;
      const bits = float16Bits((await store.read(name, options)).bytes);
      await checkHalves(bits, `${store.label}: weight '${name}'`, options?.signal);
      return bits;
    },
    identity: (options) => store.fingerprint(options),
  };
}

async function convert(
  { type, bytes }: RawTensor,
  what: string,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const size = bytesPerElement(type);
  const count = bytes.byteLength / size;
  // A small tensor, or one that needs no conversion, is given as it comes.
  const whole = count <= sliceElements || type === 'f32' ? toFloat32({ type, bytes }) : undefined;
  const values = whole ?? new Float32Array(count);
  for (let start = 0; start < count; start += sliceElements) {
    const end = Math.min(count, start + sliceElements);
    if (whole === undefined)
      values.set(toFloat32({ type, bytes: bytes.subarray(start * size, end * size) }), start);
    const bad = firstNonFinite(values.subarray(start, end));
    if (bad >= 0) throw notFinite(what, values[start + bad]!, start + bad);
    if (end < count) await yieldToEventLoop();
    signal?.throwIfAborted();
  }
  return values;
}

async function checkHalves(bits: Uint16Array, what: string, signal?: AbortSignal): Promise<void> {
  for (let start = 0; start < bits.length; start += sliceElements) {
    const part = bits.subarray(start, start + sliceElements);
    const bad = firstNonFiniteHalf(part);
    if (bad >= 0) throw notFinite(what, float16ToFloat32(part.subarray(bad, bad + 1))[0]!, start + bad);
    if (start + sliceElements < bits.length) await yieldToEventLoop();
    signal?.throwIfAborted();
  }
}

function notFinite(what: string, value: number, element: number): AnimateDiffError {
  return new AnimateDiffError(
    'numerics',
    `${what} holds ${value} at element ${element}; the file is damaged, or was saved from a run that diverged. Use another copy`,
    { details: { element } },
  );
}
