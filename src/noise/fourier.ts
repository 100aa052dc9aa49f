import { radix2, type Transform } from './radix2.js';

/** The discrete Fourier transform of one length, in double precision and in place. Keeps scratch: not to be shared between threads of work. */
export interface FourierTransform {
  /** Number of values. */
  readonly size: number;
  /** X[j] = Σ x[k] e^(−2πi jk/size). */
  readonly forward: Transform;
  /** x[k] = Σ X[j] e^(2πi jk/size) / size. */
  readonly inverse: Transform;
}

/**
 * Prepares a transform of any length.
 * @param size A whole number of at least 1.
 */
export function fourierTransform(size: number): FourierTransform {
  const forward = Number.isInteger(Math.log2(size)) ? radix2(size) : bluestein(size);
  return {
    size,
    forward,
    inverse(re, im) {
      // Exchanging real and imaginary parts before and after turns the direction around.
      forward(im, re);
      for (let i = 0; i < size; i++) {
        re[i] = re[i]! / size;
        im[i] = im[i]! / size;
      }
    },
  };
}

/**
 * L. Bluestein, "A linear filtering approach to the computation of discrete Fourier transform", 1970: since
 * 2jk = j² + k² − (j − k)², a transform of any length is a convolution with a chirp, done by transforms of a power of
 * two.
 */
function bluestein(size: number): Transform {
  const padded = 2 ** Math.ceil(Math.log2(2 * size - 1));
  const inner = fourierTransform(padded);
  // The chirp's period is 2 size: reducing k² first keeps the angle exact.
  const angle = (k: number): number => (Math.PI * ((k * k) % (2 * size))) / size;
  const cosines = Float64Array.from({ length: size }, (_, k) => Math.cos(angle(k)));
  const sines = Float64Array.from({ length: size }, (_, k) => Math.sin(angle(k)));
  const filterRe = mirrored(cosines, padded);
  const filterIm = mirrored(sines, padded);
  inner.forward(filterRe, filterIm);
  const bufferRe = new Float64Array(padded);
  const bufferIm = new Float64Array(padded);
  return (re, im) => {
    bufferRe.fill(0);
    bufferIm.fill(0);
    for (let k = 0; k < size; k++) {
      bufferRe[k] = re[k]! * cosines[k]! + im[k]! * sines[k]!;
      bufferIm[k] = im[k]! * cosines[k]! - re[k]! * sines[k]!;
    }
    inner.forward(bufferRe, bufferIm);
    for (let k = 0; k < padded; k++) {
      const real = bufferRe[k]! * filterRe[k]! - bufferIm[k]! * filterIm[k]!;
      bufferIm[k] = bufferRe[k]! * filterIm[k]! + bufferIm[k]! * filterRe[k]!;
      bufferRe[k] = real;
    }
    inner.inverse(bufferRe, bufferIm);
    for (let k = 0; k < size; k++) {
      re[k] = bufferRe[k]! * cosines[k]! + bufferIm[k]! * sines[k]!;
      im[k] = bufferIm[k]! * cosines[k]! - bufferRe[k]! * sines[k]!;
    }
  };
}

/** The chirp for differences from −size + 1 to size − 1, the negative ones at the end. */
function mirrored(values: Float64Array, length: number): Float64Array {
  const out = new Float64Array(length);
  out.set(values);
  for (let k = 1; k < values.length; k++) out[length - k] = values[k]!;
  return out;
}
