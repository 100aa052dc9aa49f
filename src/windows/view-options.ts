import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import type { WindowFuse } from './context-options.js';

/**
 * Windows that only the motion module's attention looks through, while the rest of the UNet sees every frame (Qiu et
 * al., "FreeNoise: Tuning-Free Longer Video Diffusion via Noise Rescheduling", 2023).
 */
export interface ViewOptions {
  /** Frames in a view, at most the motion module's positions. Default 16, or those positions if they are fewer. */
  length?: number | undefined;
  /** Frames from one view to the next, at most `length`. Default 4, or `length` if that is less. */
  stride?: number | undefined;
  /** How much a view counts at each of its positions, see {@link WindowFuse}. Default `pyramid`, as FreeNoise. */
  fuse?: WindowFuse | undefined;
}

/** {@link ViewOptions} that were checked and have nothing left open. */
export interface ResolvedViews {
  /** Frames in a view. */
  readonly length: number;
  /** Frames from one view to the next. */
  readonly stride: number;
  /** See {@link ViewOptions.fuse}. */
  readonly fuse: WindowFuse;
}

const defaultLength = 16;
const defaultStride = 4;

/** A schema of {@link ViewOptions} that leaves out nothing and fills in nothing. */
export function viewSchema(): z.ZodMiniType<ViewOptions> {
  const count = z.int().check(z.gte(1));
  return z
    .strictObject({
      length: z.optional(count),
      stride: z.optional(count),
      fuse: z.optional(
        z.enum(['flat', 'pyramid', 'relative', 'overlap-linear', 'gaussian', 'delayed-reverse-sawtooth']),
      ),
    })
    .check(
      z.refine(({ length = defaultLength, stride = 1 }) => stride <= length, {
        path: ['stride'],
        error: `must be at most length (${defaultLength} unless given), or frames are left out`,
      }),
    );
}

/**
 * Checks the options and fills in defaults.
 * @param maxFrames Positions of the motion module: 24 for v1, 32 for v2 and v3.
 * @throws `invalid-options` that names the option.
 */
export function resolveViews(options: ViewOptions | undefined, maxFrames: number): ResolvedViews {
  const given = checkOptions<ViewOptions>(viewSchema(), options, 'viewWindows');
  const length = given.length ?? Math.min(defaultLength, maxFrames);
  const stride = given.stride ?? Math.min(defaultStride, length);
  if (length > maxFrames) {
    refuse('length', `the motion module takes at most ${maxFrames} frames at once, got ${length}`);
  }
  // Only when the default length is cut by the module.
  if (stride > length) refuse('stride', `expected at most length, ${length}, got ${stride}`);
  return { length, stride, fuse: given.fuse ?? 'pyramid' };
}

function refuse(option: keyof ViewOptions, message: string): never {
  throw new AnimateDiffError('invalid-options', `viewWindows: ${option}: ${message}`, {
    details: { issues: [{ path: `viewWindows.${option}`, message }] },
  });
}
