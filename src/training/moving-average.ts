/**
 * Moves an average towards values, in place. At first it follows faster, so that the start is soon forgotten: step `n`
 * keeps at most `(1 + n) / (10 + n)` (tensorflow's `ExponentialMovingAverage`).
 * @param decay Share that is kept in the long run.
 * @param step Counted from 1.
 */
export function moveAverage(average: Float32Array, values: Float32Array, decay: number, step: number): void {
  const kept = Math.min(decay, (1 + step) / (10 + step));
  for (let i = 0; i < average.length; i++) average[i] = kept * average[i]! + (1 - kept) * values[i]!;
}
