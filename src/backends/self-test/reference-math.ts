// The operators of the self-test as plain loops in double precision: slow, obvious, and right.

/** Scaled dot-product attention over `[batch, tokens, heads * size]`. */
export function attention(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  { batch, tokens, heads, size }: { batch: number; tokens: number; heads: number; size: number },
): Float32Array {
  const out = new Float32Array(q.length);
  const at = (b: number, t: number, h: number, c: number): number =>
    ((b * tokens + t) * heads + h) * size + c;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let row = 0; row < tokens; row++) {
        const scores = range(tokens).map(
          (t) =>
            range(size).reduce((sum, c) => sum + q[at(b, row, h, c)]! * k[at(b, t, h, c)]!, 0) /
            Math.sqrt(size),
        );
        const weights = scores.map((score) => Math.exp(score - Math.max(...scores)));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let c = 0; c < size; c++) {
          out[at(b, row, h, c)] = weights.reduce((sum, w, t) => sum + w * v[at(b, t, h, c)]!, 0) / total;
        }
      }
    }
  }
  return out;
}

/** 3×3 convolution with one row of zeros around `[channels, side, side]`, weights `[out, channels, 3, 3]`. */
export function conv3x3(
  x: Float32Array,
  w: Float32Array,
  channels: number,
  out: number,
  side: number,
): Float32Array {
  const y = new Float32Array(out * side * side);
  const pixel = (c: number, row: number, column: number): number =>
    row < 0 || column < 0 || row >= side || column >= side ? 0 : x[(c * side + row) * side + column]!;
  for (let index = 0; index < y.length; index++) {
    const [o, row, column] = [Math.floor(index / side / side), Math.floor(index / side) % side, index % side];
    for (let tap = 0; tap < channels * 9; tap++) {
      const [c, dy, dx] = [Math.floor(tap / 9), Math.floor((tap % 9) / 3) - 1, (tap % 3) - 1];
      y[index]! += w[o * channels * 9 + tap]! * pixel(c, row + dy, column + dx);
    }
  }
  return y;
}

/** Each row of `width` values brought to mean 0 and variance 1. */
export function normalizeRows(x: Float32Array, width: number, epsilon: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    const row = x.subarray(start, start + width);
    const mean = row.reduce((sum, value) => sum + value, 0) / width;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    out.set(
      row.map((value) => (value - mean) / Math.sqrt(variance + epsilon)),
      start,
    );
  }
  return out;
}

/** `x * sigmoid(alpha * x)`. */
export function quickGelu(x: number, alpha: number): number {
  return x / (1 + Math.exp(-alpha * x));
}

/** `x * Phi(x)`. */
export function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** Error function by its Maclaurin series: exact to rounding for the small arguments used here (|x| < 3). */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** Product of `a [rows, inner]` and `b [inner, columns]`. */
export function matmul(a: Float32Array, b: Float32Array, inner: number, columns: number): Float32Array {
  return Float32Array.from({ length: (a.length / inner) * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return range(inner).reduce((sum, i) => sum + a[row * inner + i]! * b[i * columns + column]!, 0);
  });
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
