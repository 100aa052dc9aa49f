import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';

/**
 * Shape of the low-pass filter over the normalised squared distance d² from the zero frequency, with a stop frequency
 * s = `spatialStopFrequency`.
 *
 * - `butterworth`: 1 / (1 + (d² / s²) ^ order).
 * - `gaussian`: exp(−d² / 2s²).
 * - `ideal`: 1 where d² ≤ 2s, else 0. Not s²: the original and diffusers compare so, which lets far more through than
 *   the name says (with s = 0.25 the radius is 0.71, not 0.25). Kept, so that results agree.
 * - `box`: 1 in a box of half the sides round(s · height / 2) pixels and round(t · frames / 2) frames, else 0.
 */
export type FreeInitFilter = 'butterworth' | 'gaussian' | 'ideal' | 'box';

/** FreeInit (Wu et al., "FreeInit: Bridging Initialization Gap in Video Diffusion Models", 2023). The defaults are diffusers'. */
export interface FreeInitOptions {
  /** Whole generations, each after the first from noise that keeps the last one's low frequencies, 1 to 100. The time grows with it. Default 3. */
  iterations?: number | undefined;
  /** Default `butterworth`. */
  filter?: FreeInitFilter | undefined;
  /** Steepness of `butterworth`, above 0 to 100. Default 4. */
  order?: number | undefined;
  /** Share of the spatial frequencies that is kept, 0 to 1. At 0 nothing is. Default 0.25. */
  spatialStopFrequency?: number | undefined;
  /** Share of the temporal frequencies that is kept, 0 to 1. At 0 nothing is. Default 0.25. */
  temporalStopFrequency?: number | undefined;
  /** Whether earlier iterations take fewer steps, see `freeInitSteps`: faster, at some cost of quality. Default false. */
  useFastSampling?: boolean | undefined;
}

/** {@link FreeInitOptions} with defaults filled in. */
export interface ResolvedFreeInit {
  readonly iterations: number;
  readonly filter: FreeInitFilter;
  readonly order: number;
  readonly spatialStopFrequency: number;
  readonly temporalStopFrequency: number;
  readonly useFastSampling: boolean;
}

/** A schema of {@link FreeInitOptions} that fills in defaults. */
export function freeInitSchema(): z.ZodMiniType<ResolvedFreeInit> {
  const share = z.number().check(z.gte(0), z.lte(1));
  return z.strictObject({
    iterations: z._default(z.int().check(z.gte(1), z.lte(100)), 3),
    filter: z._default(z.enum(['butterworth', 'gaussian', 'ideal', 'box']), 'butterworth'),
    order: z._default(z.number().check(z.gt(0), z.lte(100)), 4),
    spatialStopFrequency: z._default(share, 0.25),
    temporalStopFrequency: z._default(share, 0.25),
    useFastSampling: z._default(z.boolean(), false),
  });
}

/** Checks the options and fills in defaults. @throws `invalid-options` that lists everything that is wrong. */
export function resolveFreeInit(options: FreeInitOptions | undefined): ResolvedFreeInit {
  return checkOptions<ResolvedFreeInit>(freeInitSchema(), options, 'freeInit');
}
