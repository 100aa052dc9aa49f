import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import type { TrainingNoise } from './noise-options.js';
import type { OptionShape, Resolved } from './option-shape.js';
import type { NoiseLevel } from './prediction.js';
import { keptSteps, spacedTimesteps, type TimestepSpacing } from './timesteps.js';

/** Which training timesteps a run visits. */
export interface SpacingOptions {
  /** How the timesteps are spread (Lin et al. 2023, table 2). */
  timestepSpacing?: TimestepSpacing | undefined;
  /** Added to the timesteps of `leading` spacing. Default 1. */
  stepsOffset?: number | undefined;
  /** The timesteps themselves, falling, in place of a spacing. A run must then ask for exactly this many steps. */
  timesteps?: readonly number[] | undefined;
}

/** The shape of {@link SpacingOptions}. */
export function spacingShape(spacing: TimestepSpacing): OptionShape<SpacingOptions> {
  return {
    timestepSpacing: z._default(z.enum(['leading', 'linspace', 'trailing']), spacing),
    stepsOffset: z._default(z.int().check(z.gte(0)), 1),
    timesteps: z.optional(z.array(z.number().check(z.gte(0))).check(z.minLength(1))),
  };
}

/** The part of a schedule of whole training timesteps that a run takes. */
export interface DiscreteTimesteps {
  /** Falling. */
  readonly timesteps: readonly number[];
  /** How far apart training timesteps of `leading` spacing are; `undefined` for timesteps that the user chose. */
  readonly stride: number | undefined;
}

/** The whole timesteps of a run. @throws `invalid-options` when steps or strength cannot be. */
export function discreteTimesteps(
  name: string,
  steps: number,
  strength: number,
  config: Resolved<SpacingOptions>,
  { count }: TrainingNoise,
): DiscreteTimesteps {
  const kept = keptSteps(steps, strength);
  const all = config.timesteps
    ? customTimesteps(name, config.timesteps, steps, count)
    : spacedTimesteps(steps, { ...config, numTrainTimesteps: count });
  const stride = config.timesteps ? undefined : Math.floor(count / steps);
  return { timesteps: all.slice(all.length - kept), stride };
}

/** Timesteps that a user chose, checked. @throws `invalid-options` */
export function customTimesteps(
  name: string,
  timesteps: readonly number[],
  steps: number,
  count: number,
  fractions = false,
): readonly number[] {
  const wrong = timesteps.findIndex(
    (t, i) => !(t < count && (i === 0 || t < timesteps[i - 1]!) && (fractions || Number.isInteger(t))),
  );
  if (wrong >= 0) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: timesteps[${wrong}] is ${timesteps[wrong]}; expected ${fractions ? 'numbers' : 'whole numbers'} ` +
        `below ${count}, each smaller than the one before`,
    );
  }
  checkCount(name, 'timesteps', timesteps.length, steps);
  return timesteps;
}

/** @throws `invalid-options` when a schedule of the user's own has another length than the run. */
export function checkCount(name: string, option: string, has: number, steps: number): void {
  if (has !== steps) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: ${option} makes ${has} steps, but ${steps} were asked for; set numInferenceSteps to ${has}`,
    );
  }
}

/** The level of a variance-preserving sample, whose variance is 1 throughout. */
export function levelOfAlpha(alpha: number): NoiseLevel {
  return { signal: Math.sqrt(alpha), spread: Math.sqrt(1 - alpha) };
}
