import * as z from 'zod/mini';
import { type PictureLimits, usualMaxPixels, usualMaxTotalPixels } from './picture-limits.js';
import { type Fit, type ResizeOptions, resizeFields } from './resize.js';

/** Options of what reads frames. */
export interface ReadFramesOptions extends ResizeOptions, PictureLimits {
  /** Most frames to take; what comes after them is left out. Default 1024. */
  maxFrames?: number | undefined;
  /** Frames to take of each second of a GIF or a video. Default: every one. Single pictures have no times. */
  fps?: number | undefined;
  /** Stops between two frames; rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** {@link ReadFramesOptions} with defaults filled in. */
export interface ResolvedReadOptions {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly fit?: Fit | undefined;
  readonly maxPixels: number;
  readonly maxTotalPixels: number;
  readonly maxFrames: number;
  readonly fps?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Schemas of {@link ReadFramesOptions}, to be spread into those of what reads. */
export function readFields(): {
  [Name in keyof Required<ResolvedReadOptions>]: z.ZodMiniType<ResolvedReadOptions[Name]>;
} {
  const count = z.int().check(z.gte(1));
  return {
    ...resizeFields(),
    maxPixels: z._default(count, usualMaxPixels),
    maxTotalPixels: z._default(count, usualMaxTotalPixels),
    maxFrames: z._default(z.int().check(z.gte(1), z.lte(100_000)), 1024),
    fps: z.optional(z.number().check(z.gt(0), z.lte(1000))),
    signal: z.optional(
      z.custom<AbortSignal>(
        (value) => typeof (value as AbortSignal)?.aborted === 'boolean',
        'must be an AbortSignal',
      ),
    ),
  };
}
