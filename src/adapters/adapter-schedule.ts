import * as z from 'zod/mini';

/** One point of a schedule. */
export interface SchedulePoint {
  /** Share of the denoising steps that are done, from 0 (the first step) to 1. */
  readonly at: number;
  /** What the adapter's scale is multiplied with there. */
  readonly factor: number;
}

/**
 * How a live adapter's strength changes while an animation is denoised: linear between points, level before the first
 * and after the last. Early steps decide shapes and movement, late ones detail.
 */
export type AdapterSchedule = readonly SchedulePoint[];

/** The factor of a schedule at a share of the steps; 1 without one. */
export function scaleAt(schedule: AdapterSchedule | undefined, progress: number): number {
  if (schedule === undefined || schedule.length === 0) return 1;
  const next = schedule.findIndex(({ at }) => at > progress);
  if (next === 0) return schedule[0]!.factor;
  if (next < 0) return schedule.at(-1)!.factor;
  const [before, after] = [schedule[next - 1]!, schedule[next]!];
  const share = (progress - before.at) / (after.at - before.at);
  return before.factor + share * (after.factor - before.factor);
}

/** Schema of an {@link AdapterSchedule}: rising points. */
export function scheduleSchema(): z.ZodMiniType<AdapterSchedule> {
  const point = z.strictObject({ at: z.number().check(z.gte(0), z.lte(1)), factor: z.number() });
  return z.array(point).check(
    z.minLength(1),
    z.refine(
      (points) => points.every(({ at }, i) => i === 0 || at > points[i - 1]!.at),
      "expected points whose 'at' rises",
    ),
  );
}
