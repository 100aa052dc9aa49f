/** Transforms complex values in place: their real parts, then their imaginary parts. */
export type Transform = (re: Float64Array, im: Float64Array) => void;

/**
 * The discrete Fourier transform of a power of two, Σ x[k] e^(−2πi jk/size), not normalised: Cooley and Tukey's
 * algorithm in place, on values in bit-reversed order.
 * @param size A power of two, 1 included.
 */
export function radix2(size: number): Transform {
  const reversed = bitReversed(size);
  const cosines = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
  const sines = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
  return (re, im) => {
    reorder(re, reversed);
    reorder(im, reversed);
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let k = 0; k < half; k++) {
        const cosine = cosines[k * stride]!;
        const sine = sines[k * stride]!;
        for (let i = k; i < size; i += 2 * half) {
          const j = i + half;
          const turnedRe = re[j]! * cosine - im[j]! * sine;
          const turnedIm = re[j]! * sine + im[j]! * cosine;
          re[j] = re[i]! - turnedRe;
          im[j] = im[i]! - turnedIm;
          re[i] = re[i]! + turnedRe;
          im[i] = im[i]! + turnedIm;
        }
      }
    }
  };
}

function bitReversed(size: number): Uint32Array {
  const indices = new Uint32Array(size);
  for (let i = 1; i < size; i++) indices[i] = (indices[i >> 1]! >> 1) + (i % 2) * (size / 2);
  return indices;
}

function reorder(values: Float64Array, indices: Uint32Array): void {
  for (let i = 0; i < indices.length; i++) {
    const j = indices[i]!;
    if (i < j) [values[i], values[j]] = [values[j]!, values[i]!];
  }
}
