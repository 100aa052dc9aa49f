import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';

/** Options that have no default: not giving them is a choice of its own. */
type OpenOption = 'trainedBetas' | 'timesteps' | 'sigmas' | 'sigmaMin' | 'sigmaMax';

/** Options with nothing left open. */
export type Resolved<T> = {
  readonly [K in keyof T]-?: K extends OpenOption ? T[K] | undefined : Exclude<T[K], undefined>;
};

/** A `zod/mini` schema for each option, with its default. */
export type OptionShape<T> = { readonly [K in keyof T]-?: z.ZodMiniType<Resolved<T>[K]> };

/**
 * Checks a sampler's options and fills in defaults.
 * @param what Whose options these are, for the message.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function resolveOptions<T>(shape: OptionShape<T>, options: T | undefined, what: string): Resolved<T> {
  // What strictObject makes of a shape is what OptionShape says; TypeScript cannot compute it for a free T.
  const schema = z.strictObject({ ...shape }) as unknown as z.ZodMiniType<Resolved<T>>;
  return Object.freeze(checkOptions(schema, options, what));
}

/** A number in (0, 1). */
export function fraction(): z.ZodMiniType<number> {
  return z.number().check(z.gt(0), z.lt(1));
}

/** A number in [0, 1]. */
export function share(): z.ZodMiniType<number> {
  return z.number().check(z.gte(0), z.lte(1));
}
