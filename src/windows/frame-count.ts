import { AnimateDiffError } from '../core/errors.js';

/** More than an hour at any usual rate; a bound for what windows are made of. */
export const mostFrames = 100_000;

/**
 * Checks a whole number that says how many or which.
 * @throws `invalid-options` that names it.
 */
export function checkCount(name: string, value: number, least: number, most: number = mostFrames): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new AnimateDiffError(
    'invalid-options',
    `${name}: expected a whole number from ${least} to ${most}, got ${String(value)}`,
    { details: { issues: [{ path: name, message: `expected ${least} to ${most}` }] } },
  );
}
