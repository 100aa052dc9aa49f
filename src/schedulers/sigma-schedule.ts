import { checkCount, customTimesteps } from './discrete-schedule.js';
import type { TrainingNoise } from './noise-options.js';
import type { Resolved } from './option-shape.js';
import { type SigmaOptions, sigmaSpacingOf } from './sigma-options.js';
import { spacedSigmas } from './sigma-spacing.js';
import { sigmaOfTimestep, timestepOfSigma, trainingSigmas } from './sigmas.js';
import { keptSteps, roundHalfToEven, spacedTimesteps } from './timesteps.js';

/** The noise levels of a run. */
export interface SigmaSchedule {
  /** What the model is told at each level but the last; may be fractions. */
  readonly timesteps: readonly number[];
  /** σ, falling, in float32; one more than the timesteps: the last is where the run ends. */
  readonly sigmas: readonly number[];
  /** The highest σ of the whole schedule, whatever the strength. */
  readonly highest: number;
}

/** Makes the schedule of a run. @throws `invalid-options` when steps or strength cannot be. */
export type MakeSigmaSchedule = (steps: number, strength: number) => SigmaSchedule;

/** How samplers of the k-diffusion kind choose levels, besides the options. */
export interface SigmaRules {
  /** Whether the timesteps of Karras' and Lu's rules are rounded. */
  readonly roundTimesteps?: boolean;
  /** Where runs end. Default `zero`. */
  readonly finalSigmasType?: 'zero' | 'sigma_min';
  /** `log_linear`: see `EulerOptions`. Default `linear`. */
  readonly interpolationType?: 'linear' | 'log_linear';
}

/**
 * Levels as diffusers' Euler, Heun, LMS and KDPM2 schedulers choose them: fractions of timesteps are allowed, and a
 * rule such as Karras' reaches from the first to the last of them.
 * @throws `invalid-options` when the options contradict each other.
 */
export function sigmaSchedule(
  name: string,
  config: Resolved<SigmaOptions>,
  noise: TrainingNoise,
  { roundTimesteps = false, finalSigmasType = 'zero', interpolationType }: SigmaRules = {},
): MakeSigmaSchedule {
  const spacing = sigmaSpacingOf(config, name);
  const training = trainingSigmas(noise.alphas);
  const end = finalSigmasType === 'zero' ? 0 : training[0]!;
  return (steps, strength) => {
    const skipped = steps - keptSteps(steps, strength);
    if (config.sigmas) {
      checkCount(name, 'sigmas', config.sigmas.length - 1, steps);
      const timesteps = config.sigmas.slice(0, -1).map((sigma) => timestepOfSigma(training, sigma));
      return cut(timesteps, config.sigmas, skipped);
    }
    const timesteps = config.timesteps
      ? customTimesteps(name, config.timesteps, steps, noise.count, true)
      : fractionalTimesteps(steps, config, noise.count);
    const sigmas = timesteps.map((timestep) => sigmaOfTimestep(training, timestep));
    const even = interpolationType === 'log_linear';
    const [highest, lowest] = even ? [training.at(-1)!, training[0]!] : [sigmas[0]!, sigmas.at(-1)!];
    if (spacing === undefined) {
      const levels = even ? spacedSigmas('exponential', highest, lowest, steps + 1) : [...sigmas, end];
      return cut(timesteps, levels, skipped);
    }
    const spread = spacedSigmas(spacing, config.sigmaMax ?? highest, config.sigmaMin ?? lowest, steps);
    const times = spread.map((sigma) => timestepOfSigma(training, sigma));
    const rounds = roundTimesteps && (spacing === 'karras' || spacing === 'lu');
    return cut(rounds ? times.map(roundHalfToEven) : times, [...spread, end], skipped);
  };
}

/** A schedule without its first steps, in float32. */
export function cut(timesteps: readonly number[], sigmas: readonly number[], skipped: number): SigmaSchedule {
  const rounded = sigmas.map(Math.fround);
  return {
    timesteps: timesteps.slice(skipped).map(Math.fround),
    sigmas: rounded.slice(skipped),
    highest: Math.max(...rounded),
  };
}

function fractionalTimesteps(
  steps: number,
  config: Resolved<SigmaOptions>,
  count: number,
): readonly number[] {
  const options = { ...config, numTrainTimesteps: count };
  const whole = spacedTimesteps(steps, options);
  if (config.timestepSpacing !== 'linspace') return whole;
  return whole.map((_, i) => (steps === 1 ? 0 : Math.fround((steps - 1 - i) * ((count - 1) / (steps - 1)))));
}
