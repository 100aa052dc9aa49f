/**
 * 16-bit floats as raw bits, and their widening to float32. Integer arithmetic on the bit patterns: exact, no tables,
 * no state. Layouts: IEEE 754-2019 binary16; bfloat16 is the upper half of a binary32.
 */

/** Widens IEEE half bits to float32. Exact for every input; NaN payloads are kept. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i]!;
    const magnitude = half & 0x7fff;
    // Normal numbers are the exponents 1 to 30: rebias from 15 to 127. All else is rare enough for a call.
    words[i] =
      (magnitude - 0x400) >>> 0 < 0x7800
        ? ((half & 0x8000) << 16) | ((magnitude << 13) + 0x38000000)
        : widenSpecial(half);
  }
  return values;
}

function widenSpecial(half: number): number {
  const sign = (half & 0x8000) << 16;
  const magnitude = half & 0x7fff;
  if (magnitude === 0) return sign;
  if (magnitude >= 0x7c00) return sign | 0x7f800000 | ((magnitude & 0x3ff) << 13);
  // Subnormal: magnitude · 2^-24, whose leading one becomes float32's hidden bit.
  const top = 31 - Math.clz32(magnitude);
  return sign | ((top + 103) << 23) | ((magnitude << (23 - top)) & 0x7fffff);
}

/**
 * Rounds float32 to IEEE half bits, to nearest with ties to even. Magnitudes of 65520 and more become infinity (callers
 * that cannot take one check with `firstNonFinite` or compare to 65504 first); NaN stays NaN.
 */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const magnitude = word & 0x7fffffff;
    const sign = (word >>> 16) & 0x8000;
    if (magnitude >= 0x38800000 && magnitude < 0x47800000) {
      // A carry out of the mantissa moves to the exponent, which is what rounding up to the next power means.
      const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
      bits[i] = sign | ((rounded - 0x38000000) >>> 13);
    } else bits[i] = sign | narrowSpecial(magnitude);
  }
  return bits;
}

function narrowSpecial(magnitude: number): number {
  if (magnitude > 0x7f800000) return 0x7e00 | ((magnitude >>> 13) & 0x1ff);
  if (magnitude >= 0x47800000) return 0x7c00;
  if (magnitude <= 0x33000000) return 0;
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const quotient = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (quotient & 1) === 1) ? quotient + 1 : quotient;
}

/** Widens bfloat16 bits to float32. Exact. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return values;
}
