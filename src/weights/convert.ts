import { type Float8Format, float8ToFloat32 } from '../core/float8.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../core/half.js';
import type { RawTensor, WeightType } from './weight-store.js';

const BYTES_PER_ELEMENT: Readonly<Record<WeightType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  f8_e4m3: 1,
  f8_e5m2: 1,
  f8_e4m3fnuz: 1,
  f8_e5m2fnuz: 1,
  f8_e8m0: 1,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u64: 8,
  u32: 4,
  u16: 2,
  u8: 1,
  bool: 1,
};

/** Size of one element in bytes. */
export function bytesPerElement(type: WeightType): number {
  return BYTES_PER_ELEMENT[type];
}

/**
 * The values of a tensor as float32, in the same order. Exact for f32, f16, bf16 and the 8-bit floats; f64 and wide
 * integers are rounded; `bool` gives 0 and 1. An f32 tensor may come back as a view of `bytes`, not a copy.
 */
export function toFloat32({ type, bytes }: Pick<RawTensor, 'type' | 'bytes'>): Float32Array {
  switch (type) {
    case 'f32':
      return viewAs(Float32Array, bytes);
    case 'f16':
      return float16ToFloat32(viewAs(Uint16Array, bytes));
    case 'bf16':
      return bfloat16ToFloat32(viewAs(Uint16Array, bytes));
    case 'f8_e4m3':
    case 'f8_e5m2':
    case 'f8_e4m3fnuz':
    case 'f8_e5m2fnuz':
    case 'f8_e8m0':
      return float8ToFloat32(bytes, type.slice(3) as Float8Format);
    case 'bool':
      return Float32Array.from(bytes, (value) => (value === 0 ? 0 : 1));
    case 'i64':
      return Float32Array.from(viewAs(BigInt64Array, bytes), Number);
    case 'u64':
      return Float32Array.from(viewAs(BigUint64Array, bytes), Number);
    case 'f64':
      return new Float32Array(viewAs(Float64Array, bytes));
    case 'i32':
      return new Float32Array(viewAs(Int32Array, bytes));
    case 'u32':
      return new Float32Array(viewAs(Uint32Array, bytes));
    case 'i16':
      return new Float32Array(viewAs(Int16Array, bytes));
    case 'u16':
      return new Float32Array(viewAs(Uint16Array, bytes));
    case 'i8':
      return new Float32Array(viewAs(Int8Array, bytes));
    case 'u8':
      return new Float32Array(bytes);
  }
}

/** The half bits of an f16 tensor's bytes; may be a view of them, not a copy. */
export function float16Bits(bytes: Uint8Array): Uint16Array {
  return viewAs(Uint16Array, bytes);
}

interface ViewConstructor<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

// Containers do not align tensors, typed arrays must be: then the bytes are copied first.
function viewAs<T>(view: ViewConstructor<T>, bytes: Uint8Array): T {
  const size = view.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new view(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / size));
}
