import * as z from 'zod/mini';

/**
 * DeepCache (Ma, Fang and Wang 2024): most evaluations of the UNet run its shallowest layers only and take the features of
 * the deep ones from the last whole evaluation.
 */
export interface DeepCacheOptions {
  /** One evaluation in so many is a whole one; 1 is the plain run. Default 2. */
  readonly interval?: number | undefined;
  /**
   * How many layers run on each side besides the last one of the way up: 0 is the fastest; at most the layers of the model's
   * finest level on the way down, 2 for Stable Diffusion 1.5. Default 0.
   */
  readonly branch?: number | undefined;
  /** Share of the evaluations from which features are taken from before. Default 0. */
  readonly start?: number | undefined;
  /** Share of the evaluations up to which they are. Default 1. */
  readonly end?: number | undefined;
}

/** {@link DeepCacheOptions} with defaults filled in. */
export type ResolvedDeepCache = { readonly [Name in keyof DeepCacheOptions]-?: number };

/** A schema of {@link DeepCacheOptions} that fills in nothing. */
export function deepCacheSchema(): z.ZodMiniType<DeepCacheOptions> {
  const share = z.optional(z.number().check(z.gte(0), z.lte(1)));
  return z
    .strictObject({
      interval: z.optional(z.int().check(z.gte(1), z.lte(1000))),
      branch: z.optional(z.int().check(z.gte(0))),
      start: share,
      end: share,
    })
    .check(
      z.refine(({ start = 0, end = 1 }) => start < end, {
        error: 'expected an end above the start',
        path: ['end'],
      }),
    );
}

/** Fills in defaults; `undefined` when every evaluation is a whole one. */
export function resolveDeepCache(
  options: DeepCacheOptions | boolean | undefined,
): ResolvedDeepCache | undefined {
  if (options === undefined || options === false) return undefined;
  const { interval = 2, branch = 0, start = 0, end = 1 } = options === true ? {} : options;
  return interval === 1 ? undefined : { interval, branch, start, end };
}

/** Whether an evaluation is a whole one, of so many. Samplers of several evaluations a step count each. */
export function isWhole(cache: ResolvedDeepCache | undefined, index: number, count: number): boolean {
  if (cache === undefined) return true;
  // Shares such as 0.28 of 25 come out a rounding error above the whole number that they mean.
  const [from, to] = [cache.start, cache.end].map((share) => Math.ceil(share * count - 1e-9)) as [
    number,
    number,
  ];
  return index < from || index >= to || (index - from) % cache.interval === 0;
}

/**
 * Whether a generation that is to be saved every so many evaluations is saved after this one. Features are not part of a
 * saved generation, so it is saved when the next evaluation does without: late by less than an interval.
 */
export function isSavedAfter(
  cache: ResolvedDeepCache | undefined,
  { index, count, every }: { readonly index: number; readonly count: number; readonly every: number },
): boolean {
  const next = index + 1;
  if (next < count && !isWhole(cache, next, count)) return false;
  let whole = index;
  while (!isWhole(cache, whole, count)) whole--;
  return Math.floor(next / every) > Math.floor(whole / every);
}
