import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';

/**
 * How pictures and noise are mixed at the start.
 *
 * - `linear`: frames near a picture start from it, further ones more and more from noise.
 * - `spherical`: the first frame starts from noise, later ones lean towards the first picture.
 */
export type InterpolationMethod = 'linear' | 'spherical';

/** Options of `interpolatedStart`. */
export interface InterpolatedStartOptions {
  /** Default `linear`, which alone takes a last picture. */
  method?: InterpolationMethod | undefined;
  /** `linear`: exponent of the distance in frames, above 0 to 10. Default 1. */
  power?: number | undefined;
  /** `linear`: distance in frames, to the power `power`, at which a picture has no weight left. At least 1. Default 32. */
  scale?: number | undefined;
  /** `spherical`: 1 is noise alone; the last frame goes almost 1 − `strength` of the way to the picture. 0 to 1. Default 0.8. */
  strength?: number | undefined;
}

/** {@link InterpolatedStartOptions} with defaults filled in. */
export interface ResolvedInterpolation {
  readonly method: InterpolationMethod;
  readonly power: number;
  readonly scale: number;
  readonly strength: number;
}

/** A schema of {@link InterpolatedStartOptions} that fills in defaults. */
export function interpolationSchema(): z.ZodMiniType<ResolvedInterpolation> {
  return z.strictObject({
    method: z._default(z.enum(['linear', 'spherical']), 'linear'),
    power: z._default(z.number().check(z.gt(0), z.lte(10)), 1),
    scale: z._default(z.number().check(z.gte(1)), 32),
    strength: z._default(z.number().check(z.gte(0), z.lte(1)), 0.8),
  });
}

/** Checks the options and fills in defaults. @throws `invalid-options` that lists everything that is wrong. */
export function resolveInterpolation(options: InterpolatedStartOptions | undefined): ResolvedInterpolation {
  return checkOptions<ResolvedInterpolation>(interpolationSchema(), options, 'interpolatedStart');
}
