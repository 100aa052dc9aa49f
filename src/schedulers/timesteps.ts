import { AnimateDiffError } from '../core/errors.js';

/**
 * Which training timesteps a shorter run visits (table 2 of Lin et al., "Common Diffusion Noise Schedules and Sample
 * Steps are Flawed", 2023): `leading` starts every interval, `trailing` ends it, `linspace` includes both ends.
 */
export type TimestepSpacing = 'leading' | 'linspace' | 'trailing';

/** What {@link spacedTimesteps} needs to know. */
export interface TimestepOptions {
  readonly numTrainTimesteps: number;
  readonly timestepSpacing: TimestepSpacing;
  /** Added to every timestep of `leading`. */
  readonly stepsOffset: number;
}

/**
 * The training timesteps of a run, falling, as diffusers' `set_timesteps` gives them.
 * @throws `invalid-options` when the model has fewer levels than steps are asked for.
 */
export function spacedTimesteps(steps: number, options: TimestepOptions): number[] {
  const { numTrainTimesteps: total, timestepSpacing: spacing } = options;
  const offset = spacing === 'leading' ? options.stepsOffset : 0;
  const interval = Math.floor(total / steps);
  if (
    !Number.isSafeInteger(steps) ||
    steps < 1 ||
    steps > total ||
    (steps - 1) * interval + offset >= total
  ) {
    throw new AnimateDiffError(
      'invalid-options',
      `steps: expected a whole number from 1 to ${total - offset}, got ${steps}` +
        (offset > 0 ? ` (${total} training timesteps, stepsOffset ${offset})` : ''),
    );
  }
  const indices = Array.from({ length: steps }, (_, i) => i);
  switch (spacing) {
    case 'leading':
      return indices.map((i) => (steps - 1 - i) * interval + offset);
    case 'linspace':
      return indices.map((i) => linspaced(steps - 1 - i, steps, total));
    case 'trailing':
      return indices.map((i) => roundHalfToEven(total - i * (total / steps)) - 1);
  }
}

/**
 * How many of the steps are run at a strength below 1: the first, noisiest ones are left out, as diffusers'
 * image-to-image pipelines do.
 * @throws `invalid-options` when the strength is not in (0, 1] or leaves no step.
 */
export function keptSteps(steps: number, strength: number): number {
  if (!(Number.isSafeInteger(steps) && steps >= 1)) {
    throw new AnimateDiffError('invalid-options', `steps: expected a whole number from 1, got ${steps}`);
  }
  if (!(strength > 0 && strength <= 1)) {
    throw new AnimateDiffError(
      'invalid-options',
      `strength: expected a number above 0 and at most 1, got ${strength}`,
    );
  }
  const kept = Math.min(Math.trunc(steps * strength), steps);
  if (kept === 0) {
    throw new AnimateDiffError(
      'invalid-options',
      `strength ${strength} of ${steps} steps leaves no step to run; raise either`,
    );
  }
  return kept;
}

/** Rounds as numpy does: halves go to the even neighbour. */
export function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const fraction = value - below;
  if (fraction !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

// numpy.linspace(0, total − 1, steps): multiples of the step, but exactly the end at the end.
function linspaced(i: number, steps: number, total: number): number {
  if (steps === 1) return 0;
  return i === steps - 1 ? total - 1 : roundHalfToEven(i * ((total - 1) / (steps - 1)));
}
