import { AnimateDiffError } from '../core/errors.js';

/** How a container counts time. */
export interface DelayUnit {
  /** Name for errors: `GIF`. */
  readonly format: string;
  /** Units per second: 100 when delays are hundredths. */
  readonly perSecond: number;
  /** Shortest delay, in units, that players honour. */
  readonly min: number;
  /** Longest delay, in units, that the field holds. */
  readonly max: number;
}

/**
 * Whole-unit durations of `count` frames at `fps`. Frame *ends* are rounded, not durations: 8 fps in hundredths gives
 * 13, 12, 13, 12 …, so the animation runs at 8 fps overall where a plain rounding would run at 7.7.
 *
 * @throws `invalid-options` when a frame would be shorter or longer than the format can say.
 */
export function frameDelays(count: number, fps: number, unit: DelayUnit): number[] {
  const exact = unit.perSecond / fps;
  if (exact < unit.min || exact > unit.max) {
    const [slowest, fastest] = [unit.perSecond / unit.max, unit.perSecond / unit.min].map((rate) =>
      rate.toPrecision(2),
    );
    throw new AnimateDiffError(
      'invalid-options',
      `${unit.format}: fps ${fps} is out of reach; players of this format show ${slowest} to ${fastest} frames a second`,
    );
  }
  const ends = Array.from({ length: count + 1 }, (_, index) => Math.round(index * exact));
  return ends.slice(1).map((end, index) => end - (ends[index] ?? 0));
}
