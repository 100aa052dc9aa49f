/** Options of {@link adamWStep}. */
export interface AdamWOptions {
  readonly learningRate: number;
  /** How slowly the means of gradients and of their squares follow. */
  readonly betas: readonly [number, number];
  /** Keeps the quotient finite. */
  readonly epsilon: number;
  /** Share of a parameter that goes in a step, times the learning rate. */
  readonly weightDecay: number;
}

/** A parameter as the optimiser sees it. */
export interface AdamWParameter {
  readonly values: Float32Array;
  /** Mean of the gradients so far. */
  readonly mean: Float32Array;
  /** Mean of their squares. */
  readonly squares: Float32Array;
}

/**
 * One step of Adam with decoupled weight decay, in place (Loshchilov and Hutter 2019, "Decoupled Weight Decay
 * Regularization", algorithm 2; torch's `AdamW`).
 * @param step Counted from 1.
 * @param scale Factor of the gradient, such as that of clipping.
 */
export function adamWStep(
  { values, mean, squares }: AdamWParameter,
  gradient: Float32Array,
  { learningRate, betas, epsilon, weightDecay }: AdamWOptions,
  step: number,
  scale = 1,
): void {
  const [first, second] = betas;
  const size = learningRate / (1 - first ** step);
  const rest = Math.sqrt(1 - second ** step);
  const kept = 1 - learningRate * weightDecay;
  for (let i = 0; i < values.length; i++) {
    const g = gradient[i]! * scale;
    const m = first * mean[i]! + (1 - first) * g;
    const v = second * squares[i]! + (1 - second) * g * g;
    mean[i] = m;
    squares[i] = v;
    values[i] = kept * values[i]! - (size * m) / (Math.sqrt(v) / rest + epsilon);
  }
}
