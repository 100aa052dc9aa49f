/** Where a multistep run stands. */
export interface SolverPosition {
  /** Steps of the whole schedule. */
  readonly steps: number;
  /** Steps left, this one included. */
  readonly left: number;
  /** Predictions there are, this step's included. */
  readonly known: number;
  /** Whether this step ends at σ 0, where log σ is infinite and higher orders are not defined. */
  readonly endsAtZero: boolean;
}

/** Runs of fewer steps than this go down to lower orders at their end. */
const shortRun = 15;

/** The order that a step of a multistep solver takes: as high as asked, known and stable. */
export function orderAt(
  { solverOrder, lowerOrderFinal }: { readonly solverOrder: number; readonly lowerOrderFinal: boolean },
  { steps, left, known, endsAtZero }: SolverPosition,
): number {
  if (endsAtZero) return 1;
  const most = lowerOrderFinal && steps < shortRun ? left : solverOrder;
  return Math.min(solverOrder, most, known);
}
