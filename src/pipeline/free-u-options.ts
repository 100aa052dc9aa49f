import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import type { FreeUFactors } from '../models/nn/free-u.js';
import type { FreeUVersion } from '../models/unet-form.js';

/**
 * FreeU (Si et al., "FreeU: Free Lunch in Diffusion U-Net", 2023): factors of what the network has worked out (the
 * backbone) and of what it copies from its way down (the skips), from 0 to 10. 1 changes nothing; 0 is a factor too,
 * where diffusers switches FreeU off.
 */
export interface FreeUOptions {
  /** Of half of the backbone's channels in the first stage. Default 1.5, and 1.3 in version 2. */
  readonly b1?: number | undefined;
  /** Of half of the backbone's channels in the second stage. Default 1.6, and 1.4 in version 2. */
  readonly b2?: number | undefined;
  /** Of the skips' lowest frequencies in the first stage. Default 0.9. */
  readonly s1?: number | undefined;
  /** Of the skips' lowest frequencies in the second stage. Default 0.2. */
  readonly s2?: number | undefined;
  /**
   * 1, as in diffusers: stages are the first two blocks of the way up. 2, as ComfyUI's FreeU_V2: stages are where 1280
   * and 640 channels come in, and the backbone is enlarged where its mean is large. Default 1.
   */
  readonly version?: FreeUVersion | undefined;
}

/** {@link FreeUOptions} with defaults filled in. */
export interface ResolvedFreeU extends FreeUFactors {
  readonly version: FreeUVersion;
}

/** Version 1: what diffusers' documentation recommends for Stable Diffusion 1.5. Version 2: ComfyUI's defaults. */
const defaults: Readonly<Record<FreeUVersion, FreeUFactors>> = {
  1: { b1: 1.5, b2: 1.6, s1: 0.9, s2: 0.2 },
  2: { b1: 1.3, b2: 1.4, s1: 0.9, s2: 0.2 },
};

/** A schema of {@link FreeUOptions} that fills in nothing. */
export function freeUSchema(): z.ZodMiniType<FreeUOptions> {
  const factor = z.optional(z.number().check(z.gte(0), z.lte(10)));
  const version = z.optional(z.literal([1, 2]));
  return z.strictObject({ b1: factor, b2: factor, s1: factor, s2: factor, version });
}

/**
 * Checks the options and fills in defaults; `undefined` when FreeU is off.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function resolveFreeU(options: FreeUOptions | boolean | undefined): ResolvedFreeU | undefined {
  if (options === undefined || options === false) return undefined;
  const given = checkOptions<FreeUOptions>(freeUSchema(), options === true ? {} : options, 'freeU');
  const { version = 1, b1, b2, s1, s2 } = given;
  const own = defaults[version];
  return { version, b1: b1 ?? own.b1, b2: b2 ?? own.b2, s1: s1 ?? own.s1, s2: s2 ?? own.s2 };
}
