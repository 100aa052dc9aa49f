import type { WeightType } from '../weight-store.js';

/** Element types by the names that safetensors headers use. */
export const typesByName: ReadonlyMap<string, WeightType> = new Map([
  ['F64', 'f64'],
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
  ['F8_E4M3', 'f8_e4m3'],
  ['F8_E5M2', 'f8_e5m2'],
  ['F8_E4M3FNUZ', 'f8_e4m3fnuz'],
  ['F8_E5M2FNUZ', 'f8_e5m2fnuz'],
  ['F8_E8M0', 'f8_e8m0'],
  ['I64', 'i64'],
  ['I32', 'i32'],
  ['I16', 'i16'],
  ['I8', 'i8'],
  ['U64', 'u64'],
  ['U32', 'u32'],
  ['U16', 'u16'],
  ['U8', 'u8'],
  ['BOOL', 'bool'],
]);

/** Types that the format knows and this library does not: complex numbers and packed 4- and 6-bit floats. */
export const refusedTypes: ReadonlySet<string> = new Set(['C64', 'F4', 'F6_E2M3', 'F6_E3M2']);

/** The header's name of a type: upper case. */
export function typeName(type: WeightType): string {
  return type.toUpperCase();
}
