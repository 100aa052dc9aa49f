/** A factor and what it multiplies. */
export type Term = readonly [factor: number, values: Float32Array];

/**
 * The sum of scaled arrays, in double precision until the end, as a new array. Every sampler's step is one such sum:
 * its cost is one pass over the latents, however many terms there are.
 */
export function combine(...terms: readonly Term[]): Float32Array {
  const [first, ...others] = terms;
  if (first === undefined) return new Float32Array(0);
  const [factor, values] = first;
  switch (others.length) {
    case 0:
      return values.map((value) => factor * value);
    case 1: {
      const [[f1, v1]] = others as [Term];
      return values.map((value, i) => factor * value + f1 * v1[i]!);
    }
    case 2: {
      const [[f1, v1], [f2, v2]] = others as [Term, Term];
      return values.map((value, i) => factor * value + f1 * v1[i]! + f2 * v2[i]!);
    }
    default:
      return values.map((value, i) => {
        let sum = factor * value;
        for (const [f, v] of others) sum += f * v[i]!;
        return sum;
      });
  }
}
