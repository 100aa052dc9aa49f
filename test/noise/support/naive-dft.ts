/** Real and imaginary parts. */
export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * The discrete Fourier transform of a volume by its definition, a sum over all values for each frequency.
 * @param sign −1 forward, 1 backward; neither is normalised.
 */
export function naiveDft({ re, im }: Complex, size: readonly number[], sign: 1 | -1): Complex {
  const [frames = 1, height = 1, width = 1] = size;
  const out = { re: new Float64Array(re.length), im: new Float64Array(re.length) };
  const place = (index: number): [number, number, number] => [
    Math.floor(index / (height * width)),
    Math.floor(index / width) % height,
    index % width,
  ];
  for (let j = 0; j < re.length; j++) {
    const [f, y, x] = place(j);
    for (let k = 0; k < re.length; k++) {
      const [g, v, u] = place(k);
      const turns = (f * g) / frames + (y * v) / height + (x * u) / width;
      const [cosine, sine] = [Math.cos(2 * Math.PI * turns), sign * Math.sin(2 * Math.PI * turns)];
      out.re[j] = out.re[j]! + re[k]! * cosine - im[k]! * sine;
      out.im[j] = out.im[j]! + re[k]! * sine + im[k]! * cosine;
    }
  }
  return out;
}

/** The largest difference of two arrays. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}
