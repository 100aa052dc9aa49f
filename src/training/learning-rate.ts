/** How the learning rate goes on after the warm-up. */
export type LearningRateSchedule = 'constant' | 'cosine';

/** What {@link learningRateAt} needs to know. */
export interface LearningRateOptions {
  /** The highest rate. */
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule;
  /** Steps in which it rises from 0. */
  readonly warmupSteps: number;
  /** Steps in all: where a cosine arrives at 0. */
  readonly steps: number;
}

/** The learning rate of a step, counted from 0: a straight rise, then constant or half a cosine down to 0. */
export function learningRateAt(step: number, options: LearningRateOptions): number {
  const { learningRate, schedule, warmupSteps, steps } = options;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  if (schedule === 'constant') return learningRate;
  const share = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return (learningRate * (1 + Math.cos(Math.PI * Math.min(1, share)))) / 2;
}
