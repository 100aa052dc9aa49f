import { float16ToFloat32 } from './half.js';

/**
 * The 8-bit floats of weight files (OCP 8-bit Floating Point Specification 1.0; FNUZ variants as in ONNX's float8 notes):
 *
 * - `e4m3`: bias 7, no infinity, NaN only at 0x7F and 0xFF, largest 448.
 * - `e5m2`: the upper byte of an IEEE half, with infinities.
 * - `e4m3fnuz`, `e5m2fnuz`: biases 8 and 16, no infinity, no negative zero, one NaN at 0x80.
 * - `e8m0`: a power of two, 2^(byte − 127); 0xFF is NaN.
 */
export type Float8Format = 'e4m3' | 'e5m2' | 'e4m3fnuz' | 'e5m2fnuz' | 'e8m0';

/** Widens 8-bit floats to float32. Exact. */
export function float8ToFloat32(bits: Uint8Array, format: Float8Format): Float32Array {
  const table = decodingTable(format);
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]!]!;
  return values;
}

function decodingTable(format: Float8Format): Float32Array {
  if (format === 'e5m2') return float16ToFloat32(Uint16Array.from({ length: 256 }, (_, byte) => byte << 8));
  const decode = decoders[format];
  return Float32Array.from({ length: 256 }, (_, byte) => decode(byte));
}

const decoders: Readonly<Record<Exclude<Float8Format, 'e5m2'>, (byte: number) => number>> = {
  e4m3: (byte) => ((byte & 0x7f) === 0x7f ? Number.NaN : smallFloat(byte, 3, 7)),
  e4m3fnuz: (byte) => (byte === 0x80 ? Number.NaN : smallFloat(byte, 3, 8)),
  e5m2fnuz: (byte) => (byte === 0x80 ? Number.NaN : smallFloat(byte, 2, 16)),
  e8m0: (byte) => (byte === 0xff ? Number.NaN : 2 ** (byte - 127)),
};

function smallFloat(byte: number, mantissaBits: number, bias: number): number {
  const sign = byte & 0x80 ? -1 : 1;
  const exponent = (byte & 0x7f) >> mantissaBits;
  const mantissa = (byte & ((1 << mantissaBits) - 1)) / (1 << mantissaBits);
  return exponent === 0 ? sign * mantissa * 2 ** (1 - bias) : sign * (1 + mantissa) * 2 ** (exponent - bias);
}
