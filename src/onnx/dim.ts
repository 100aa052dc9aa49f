/**
 * A size that is known when the graph is written (a number), or only when it runs: a product of named sizes, such as
 * `8 * height` or `batch * frames`.
 */
export type Dim = number | SymbolicDim;

/**
 * `coefficient` times the product of `factors`: names in sorted order, never none. A name that divides is written
 * `1/name`.
 */
export interface SymbolicDim {
  readonly coefficient: number;
  readonly factors: readonly string[];
}

const divisor = '1/';

/** A named size. */
export function dim(name: string): SymbolicDim {
  return { coefficient: 1, factors: [name] };
}

/** The name under a factor that divides, `undefined` for one that multiplies. */
export function divisorName(factor: string): string | undefined {
  return factor.startsWith(divisor) ? factor.slice(divisor.length) : undefined;
}

function inverse(factor: string): string {
  return divisorName(factor) ?? divisor + factor;
}

function make(coefficient: number, factors: readonly string[]): Dim {
  const left: string[] = [];
  for (const factor of factors) {
    const opposite = left.indexOf(inverse(factor));
    if (opposite < 0) left.push(factor);
    else left.splice(opposite, 1);
  }
  // Names that divide come last, so that whole numbers are divided last when the graph runs.
  left.sort(
    (a, b) => Number(a.startsWith(divisor)) - Number(b.startsWith(divisor)) || (a < b ? -1 : a > b ? 1 : 0),
  );
  return left.length === 0 ? coefficient : { coefficient, factors: left };
}

/** Coefficient and names of any size; a number has no names. */
export function parts(size: Dim): SymbolicDim {
  return typeof size === 'number' ? { coefficient: size, factors: [] } : size;
}

/** Product of sizes; 1 for none. */
export function multiplyDims(...sizes: readonly Dim[]): Dim {
  let coefficient = 1;
  const factors: string[] = [];
  for (const size of sizes) {
    const p = parts(size);
    coefficient *= p.coefficient;
    factors.push(...p.factors);
  }
  return make(coefficient, factors);
}

/** `a / b`, where names of `b` are taken to divide; `undefined` when the coefficients do not. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  const numerator = parts(a);
  const denominator = parts(b);
  const coefficient = numerator.coefficient / denominator.coefficient;
  if (!Number.isInteger(coefficient)) return undefined;
  return make(coefficient, [...numerator.factors, ...denominator.factors.map(inverse)]);
}

/** Whether two sizes are the same for every value of their names. */
export function sameDim(a: Dim, b: Dim): boolean {
  return formatDim(a) === formatDim(b);
}

/** A size as text: `320`, `8*height`, `batch*frames/contexts`. */
export function formatDim(size: Dim): string {
  if (typeof size === 'number') return String(size);
  const names = size.factors.join('*').replaceAll(`*${divisor}`, '/');
  return size.coefficient === 1 ? names : `${size.coefficient}*${names}`;
}

/** A shape as text: `[batch*frames, 320, height, width]`. */
export function formatShape(shape: readonly Dim[]): string {
  return `[${shape.map(formatDim).join(', ')}]`;
}
