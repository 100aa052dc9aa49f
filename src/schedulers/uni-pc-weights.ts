import { preservingLevel } from './sigma-plan.js';

/** A step of UniPC. */
export interface UniPcStep {
  /** σ where the step begins, then those of earlier predictions; as many as the order. */
  readonly from: readonly number[];
  /** σ where it ends. */
  readonly to: number;
  /** Whether the prediction at the end is known already: the corrector. */
  readonly corrects: boolean;
}

/** The factors of a step's beginning and of predictions, newest first; the corrector's first is that of the end. */
export interface UniPcWeights {
  readonly sample: number;
  readonly predictions: readonly number[];
}

/** Factors of UniPC's predictor (UniP, equation 8) and corrector (UniC, equation 9), from theorem 3.1's conditions. */
export function uniPcWeights(
  { solverType, predictX0 }: { readonly solverType: 'bh1' | 'bh2'; readonly predictX0: boolean },
  { from, to, corrects }: UniPcStep,
): UniPcWeights {
  const [s, t] = [preservingLevel(from[0]!), preservingLevel(to)];
  const h = Math.log(from[0]! / to);
  const signed = predictX0 ? -h : h;
  const scale = predictX0 ? t.signal : t.spread;
  const sample = predictX0 ? t.spread / s.spread : t.signal / s.signal;
  const growth = Math.expm1(signed);
  // spread · (eʰ − 1) in the form that also holds at σ 0, where h is infinite.
  const step = predictX0 ? scale * growth : t.signal * (from[0]! - to);
  const order = from.length;
  if (order === 1 && !corrects) return { sample, predictions: [-step] };

  const balance = solverType === 'bh1' ? signed : growth;
  // Where earlier predictions lie, in units of the step; the end is at 1.
  const places = [...from.slice(1).map((sigma) => Math.log(from[0]! / sigma) / h), 1];
  const rho = coefficients(places, signed, balance, corrects);
  const differences = places.map((place, i) => (-scale * balance * (rho[i] ?? 0)) / place);
  const atEnd = differences.pop() ?? 0;
  const atStart = -step - differences.reduce((a, b) => a + b, 0) - (corrects ? atEnd : 0);
  return { sample, predictions: [...(corrects ? [atEnd] : []), atStart, ...differences] };
}

/** ρ of theorem 3.1: Σ ρ placeᵏ⁻¹ = k! φₖ₊₁(h) · h / B(h); the two lowest cases have the closed form that the authors use. */
function coefficients(
  places: readonly number[],
  h: number,
  balance: number,
  corrects: boolean,
): readonly number[] {
  const order = places.length;
  if (corrects ? order === 1 : order === 2) return [0.5];
  const used = corrects ? places : places.slice(0, -1);
  let [phi, factorial] = [Math.expm1(h) / h - 1, 1];
  const right = used.map((_, i) => {
    const value = (phi * factorial) / balance;
    factorial *= i + 2;
    phi = phi / h - 1 / factorial;
    return value;
  });
  return solve(
    used.map((_, k) => used.map((place) => place ** k)),
    right,
  );
}

/** Gaussian elimination with pivots; the systems have at most three unknowns. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): readonly number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    const candidates = rows.slice(column).map((row) => Math.abs(row[column]!));
    const pivot = column + candidates.indexOf(Math.max(...candidates));
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let i = 0; i < size; i++) {
      if (i === column) continue;
      const factor = rows[i]![column]! / rows[column]![column]!;
      rows[i] = rows[i]!.map((value, j) => value - factor * rows[column]![j]!);
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}
