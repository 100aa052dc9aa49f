import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import { customTimesteps } from './discrete-schedule.js';
import type { OptionShape, Resolved } from './option-shape.js';
import { keptSteps } from './timesteps.js';

/** Which timesteps a distilled model visits. */
export interface ConsistencyOptions {
  /** Steps of the schedule that the model was distilled on; a run takes some of them. AnimateLCM: 100. Default 50. */
  originalInferenceSteps?: number | undefined;
  /** The timesteps themselves, falling. A run must then ask for exactly this many steps. */
  timesteps?: readonly number[] | undefined;
}

/** The shape of {@link ConsistencyOptions}. */
export function consistencyShape(): OptionShape<ConsistencyOptions> {
  return {
    originalInferenceSteps: z._default(z.int().check(z.gte(1)), 50),
    timesteps: z.optional(z.array(z.number().check(z.gte(0))).check(z.minLength(1))),
  };
}

/**
 * Timesteps evenly out of the distillation's own, from the noisiest on.
 * @throws `invalid-options` when there are fewer of them than steps.
 */
export function consistencyTimesteps(
  name: string,
  steps: number,
  strength: number,
  { originalInferenceSteps: original, timesteps: custom }: Resolved<ConsistencyOptions>,
  count: number,
): readonly number[] {
  const kept = keptSteps(steps, strength);
  if (custom) return customTimesteps(name, custom, steps, count).slice(steps - kept);
  if (original > count || steps > original) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: ${steps} steps out of originalInferenceSteps ${original} out of ${count} training timesteps; ` +
        'expected each number to be at most the next',
    );
  }
  const stride = Math.floor(count / original);
  const all = Array.from(
    { length: steps },
    (_, i) => (original - Math.floor(i * (original / steps))) * stride - 1,
  );
  return all.slice(steps - kept);
}
