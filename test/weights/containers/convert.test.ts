import { expect, test } from 'vitest';
import { bytesPerElement, toFloat32 } from '../../../src/weights/convert.js';
import type { WeightType } from '../../../src/weights/weight-store.js';

const bytesOf = (array: ArrayBufferView<ArrayBuffer>) => new Uint8Array(array.buffer);

test.each<[WeightType, ArrayBufferView<ArrayBuffer>, number[]]>([
  ['f64', Float64Array.of(-1.5, 1e300), [-1.5, Infinity]],
  ['f32', Float32Array.of(-1.5, 2), [-1.5, 2]],
  ['f16', Uint16Array.of(0xbe00, 0x0001), [-1.5, 2 ** -24]],
  ['bf16', Uint16Array.of(0xbfc0, 0x4000), [-1.5, 2]],
  ['f8_e4m3', Uint8Array.of(0xbc, 0x7e), [-1.5, 448]],
  ['f8_e5m2', Uint8Array.of(0xbe, 0x7b), [-1.5, 57344]],
  ['f8_e4m3fnuz', Uint8Array.of(0xc4, 0x7f), [-1.5, 240]],
  ['f8_e5m2fnuz', Uint8Array.of(0xc2, 0x7f), [-1.5, 57344]],
  ['f8_e8m0', Uint8Array.of(126, 128), [0.5, 2]],
  ['i64', BigInt64Array.of(-3n, 2n ** 40n), [-3, 2 ** 40]],
  ['u64', BigUint64Array.of(3n, 2n ** 63n), [3, 2 ** 63]],
  ['i32', Int32Array.of(-3, 7), [-3, 7]],
  ['u32', Uint32Array.of(2 ** 31, 7), [2 ** 31, 7]],
  ['i16', Int16Array.of(-3, 7), [-3, 7]],
  ['u16', Uint16Array.of(65535, 7), [65535, 7]],
  ['i8', Int8Array.of(-3, 7), [-3, 7]],
  ['u8', Uint8Array.of(255, 7), [255, 7]],
  ['bool', Uint8Array.of(0, 2), [0, 1]],
])('%s becomes float32, from aligned bytes and from others', (type, array, expected) => {
  const aligned = bytesOf(array);
  expect(aligned.byteLength).toBe(2 * bytesPerElement(type));
  const shifted = new Uint8Array(aligned.byteLength + 1).subarray(1);
  shifted.set(aligned);
  for (const bytes of [aligned, shifted]) expect([...toFloat32({ type, bytes })]).toEqual(expected);
});
