import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import { checkCount } from './frame-count.js';

/**
 * How an animation that is longer than the motion module is cut into windows that it can take.
 *
 * - `looped`: uniform windows that wrap around the end, and start elsewhere at every step. The wrap is there whether or
 *   not `closedLoop` is set.
 * - `standard`: the same, with windows that would wrap moved back before the end.
 * - `static`: the same windows at every step, the last one moved back to end at the last frame.
 * - `batched`: windows side by side that share nothing; motion breaks between them.
 */
export type WindowSchedule = 'looped' | 'standard' | 'static' | 'batched';

/**
 * How much a window's prediction counts at each of its positions, where windows overlap.
 *
 * - `flat`: as much as any other.
 * - `pyramid`: 1, 2, … up to the middle and down again.
 * - `relative`: falls in a straight line from 1 in the middle to 0.01 at the ends.
 * - `overlap-linear`: full, with a ramp over the overlap; no ramp at the animation's own ends.
 * - `gaussian`: a bell around the middle, see {@link ContextOptions.sigma}.
 * - `delayed-reverse-sawtooth`: next to nothing in the first half, then falling from the middle to the end.
 */
export type WindowFuse =
  | 'flat'
  | 'pyramid'
  | 'relative'
  | 'overlap-linear'
  | 'gaussian'
  | 'delayed-reverse-sawtooth';

/** Context windows. Nothing needs to be set: the number of frames and the motion module's limit decide. */
export interface ContextOptions {
  /**
   * Whether the last frame shall run on into the first: `looped` windows that start in the last frames too, also where
   * the motion module could take all frames at once. Default false.
   */
  loop?: boolean | undefined;
  /** See {@link WindowSchedule}. Default `looped` with `loop` or `closedLoop`, otherwise `standard`. */
  schedule?: WindowSchedule | undefined;
  /**
   * Frames in a window, at most the motion module's positions. Default: that limit when it holds the whole animation
   * and `loop` is off; otherwise 16, which AnimateDiff's modules were trained on, or the limit or the number of frames
   * if they are smaller.
   */
  length?: number | undefined;
  /** Frames that neighbouring windows share, below `length`. Default a quarter of it, 0 for `batched`. */
  overlap?: number | undefined;
  /**
   * Levels of spacing, for `looped` and `standard`: with 2, windows of every second frame are added, with 3 also of
   * every fourth, and so on, as far as the animation is long enough for them. Default 1.
   */
  stride?: number | undefined;
  /** Whether `looped` windows also start in the last `overlap` frames. Default: `loop`. */
  closedLoop?: boolean | undefined;
  /** See {@link WindowFuse}. Default `pyramid`. */
  fuse?: WindowFuse | undefined;
  /** Width of the `gaussian` fuse, in [0, 4]: a standard deviation of 1 + 2 · sigma frames. Default 1. */
  sigma?: number | undefined;
  /** Whether an animation of exactly `length` frames is cut into windows too. Default: `loop`. */
  useOnEqualLength?: boolean | undefined;
}

/** {@link ContextOptions} that were checked and have nothing left open; plain data. */
export interface ResolvedContext {
  /** See {@link WindowSchedule}. */
  readonly schedule: WindowSchedule;
  /** Frames in a window. */
  readonly length: number;
  /** Frames that neighbouring windows share. */
  readonly overlap: number;
  /** Levels of spacing at most; see {@link ContextOptions.stride}. */
  readonly stride: number;
  /** Whether looped windows also start in the last `overlap` frames. */
  readonly closedLoop: boolean;
  /** See {@link WindowFuse}. */
  readonly fuse: WindowFuse;
  /** Width of the `gaussian` fuse. */
  readonly sigma: number;
  /** Whether an animation of exactly `length` frames is cut into windows too. */
  readonly useOnEqualLength: boolean;
}

/** Frames that AnimateDiff's motion modules were trained with; they move best at that length. */
const trainedFrames = 16;

/** Levels double the spacing, so that no animation has use for more. */
const mostLevels = 32;

const schema: z.ZodMiniType<ContextOptions> = z.strictObject({
  loop: z.optional(z.boolean()),
  schedule: z.optional(z.enum(['looped', 'standard', 'static', 'batched'])),
  length: z.optional(z.int().check(z.gte(1))),
  overlap: z.optional(z.int().check(z.gte(0))),
  stride: z.optional(z.int().check(z.gte(1), z.lte(mostLevels))),
  closedLoop: z.optional(z.boolean()),
  fuse: z.optional(
    z.enum(['flat', 'pyramid', 'relative', 'overlap-linear', 'gaussian', 'delayed-reverse-sawtooth']),
  ),
  sigma: z.optional(z.number().check(z.gte(0), z.lte(4))),
  useOnEqualLength: z.optional(z.boolean()),
});

/**
 * Checks context options and settles what was left open.
 * @param numFrames Frames of the animation.
 * @param maxFrames Positions of the motion module: 24 for v1, 32 for v2 and v3.
 * @throws `invalid-options` that names the option, also when two contradict each other.
 */
export function resolveContext(
  options: ContextOptions | undefined,
  numFrames: number,
  maxFrames: number,
): ResolvedContext {
  checkCount('numFrames', numFrames, 1);
  checkCount('maxFrames', maxFrames, 1);
  const given = checkOptions(schema, options, 'context');
  const loop = given.loop ?? false;
  const schedule = given.schedule ?? (loop || given.closedLoop ? 'looped' : 'standard');
  const length = given.length ?? defaultLength(loop, numFrames, maxFrames);
  const overlap = given.overlap ?? (schedule === 'batched' ? 0 : Math.floor(length / 4));
  refuseContradictions(given, schedule, length, overlap, maxFrames);
  return Object.freeze({
    schedule,
    length,
    overlap,
    stride: given.stride ?? 1,
    closedLoop: given.closedLoop ?? loop,
    fuse: given.fuse ?? 'pyramid',
    sigma: given.sigma ?? 1,
    useOnEqualLength: given.useOnEqualLength ?? loop,
  });
}

function defaultLength(loop: boolean, numFrames: number, maxFrames: number): number {
  if (loop) return Math.min(trainedFrames, maxFrames, numFrames);
  return numFrames <= maxFrames ? maxFrames : Math.min(trainedFrames, maxFrames);
}

function refuseContradictions(
  { loop, closedLoop, stride }: ContextOptions,
  schedule: WindowSchedule,
  length: number,
  overlap: number,
  maxFrames: number,
): void {
  const uniform = schedule === 'looped' || schedule === 'standard';
  if (length > maxFrames) {
    refuse('length', `the motion module takes at most ${maxFrames} frames at once, got ${length}`);
  }
  if (overlap >= length) {
    refuse('overlap', `expected fewer frames than a window's ${length}, got ${overlap}`);
  }
  if (schedule === 'batched' && overlap > 0) {
    refuse('overlap', "'batched' windows share no frames; leave it out or choose the schedule 'static'");
  }
  if (loop && (schedule !== 'looped' || closedLoop === false)) {
    refuse('loop', "a loop needs the schedule 'looped' and closedLoop; leave those out");
  }
  if (closedLoop && schedule !== 'looped') {
    refuse('closedLoop', `only 'looped' windows close a loop, not '${schedule}'`);
  }
  if (stride !== undefined && stride > 1 && !uniform) {
    refuse('stride', `'${schedule}' windows hold consecutive frames; choose 'looped' or 'standard'`);
  }
}

function refuse(option: string, message: string): never {
  throw new AnimateDiffError('invalid-options', `context: ${option}: ${message}`, {
    details: { issues: [{ path: option, message }] },
  });
}
