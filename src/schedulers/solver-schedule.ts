import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import { checkCount, customTimesteps } from './discrete-schedule.js';
import { type ThresholdOptions, thresholdShape } from './limit-options.js';
import { type NoiseOptions, noiseShape, type TrainingNoise } from './noise-options.js';
import type { OptionShape, Resolved } from './option-shape.js';
import { type SigmaOptions, sigmaShape, sigmaSpacingOf } from './sigma-options.js';
import { cut, type MakeSigmaSchedule } from './sigma-schedule.js';
import { spacedSigmas } from './sigma-spacing.js';
import { sigmaOfTimestep, timestepOfSigma, trainingSigmas } from './sigmas.js';
import { keptSteps, roundHalfToEven } from './timesteps.js';

/** What DPM-Solver, DEIS and UniPC have in common. */
export interface SolverOptions extends NoiseOptions, SigmaOptions, ThresholdOptions {
  /** Order of the solver, 1 to 3. Default 2, as guidance wants it. */
  solverOrder?: number | undefined;
  /** Whether a short run (under 15 steps) goes down to lower orders at its end, for stability. Default true. */
  lowerOrderFinal?: boolean | undefined;
  /** Whether the run ends at σ 0 or at training's lowest. Default `zero`. */
  finalSigmasType?: 'zero' | 'sigma_min' | undefined;
}

/** The shape of {@link SolverOptions}. */
export function solverShape(end: 'zero' | 'sigma_min' = 'zero'): OptionShape<SolverOptions> {
  return {
    ...noiseShape(),
    ...sigmaShape(),
    ...thresholdShape(),
    solverOrder: z._default(z.int().check(z.gte(1), z.lte(3)), 2),
    lowerOrderFinal: z._default(z.boolean(), true),
    finalSigmasType: z._default(z.enum(['zero', 'sigma_min']), end),
  };
}

/** How one solver differs from the others in choosing levels. */
export interface SolverRules {
  /** Levels with less log(signal / noise) than this are left out. Default none. */
  readonly lambdaMinClipped?: number | undefined;
  /** Whether a cosine schedule keeps Karras' timesteps from being rounded to the nearest. */
  readonly cosineCutsTimesteps?: boolean;
}

/**
 * Levels as diffusers' DPM-Solver, DEIS and UniPC schedulers choose them: whole timesteps, one interval more than
 * steps, and a rule such as Karras' reaches over all of training.
 * @throws `invalid-options` when the options contradict each other.
 */
export function solverSchedule(
  name: string,
  config: Resolved<SolverOptions>,
  noise: TrainingNoise,
  { lambdaMinClipped, cosineCutsTimesteps = false }: SolverRules = {},
): MakeSigmaSchedule {
  const spacing = sigmaSpacingOf(config, name);
  const training = trainingSigmas(noise.alphas);
  const usable = noise.count - clippedLevels(training, lambdaMinClipped);
  const nearest = !(cosineCutsTimesteps && config.betaSchedule === 'squaredcos_cap_v2');
  return (steps, strength) => {
    const skipped = steps - keptSteps(steps, strength);
    if (config.sigmas) {
      checkCount(name, 'sigmas', config.sigmas.length - 1, steps);
      const timesteps = config.sigmas.slice(0, -1).map((sigma) => timestepOfSigma(training, sigma));
      return cut(timesteps, config.sigmas, skipped);
    }
    if (spacing !== undefined) {
      const [highest, lowest] = [config.sigmaMax ?? training.at(-1)!, config.sigmaMin ?? training[0]!];
      const spread = spacedSigmas(spacing, highest, lowest, steps);
      const times = spread.map((sigma) => timestepOfSigma(training, sigma));
      const rounds = nearest && (spacing === 'karras' || spacing === 'lu');
      // A single level is the highest: ending there would be no step at all.
      const end = config.finalSigmasType === 'zero' ? 0 : steps === 1 ? training[0]! : spread.at(-1)!;
      return cut(times.map(rounds ? roundHalfToEven : Math.trunc), [...spread, end], skipped);
    }
    const timesteps = config.timesteps
      ? customTimesteps(name, config.timesteps, steps, noise.count)
      : wholeTimesteps(name, steps, config, noise.count, usable);
    const end = config.finalSigmasType === 'zero' ? 0 : training[0]!;
    const sigmas = timesteps.map((timestep) => sigmaOfTimestep(training, timestep));
    return cut(timesteps, [...sigmas, end], skipped);
  };
}

/** How many of the noisiest levels have λ = −log σ below the limit. */
function clippedLevels(sigmas: Float32Array, limit = Number.NEGATIVE_INFINITY): number {
  return sigmas.filter((sigma) => -Math.log(sigma) < limit).length;
}

function wholeTimesteps(
  name: string,
  steps: number,
  { timestepSpacing, stepsOffset }: Resolved<SolverOptions>,
  count: number,
  usable: number,
): readonly number[] {
  const indices = Array.from({ length: steps }, (_, i) => steps - i);
  const interval = Math.floor(usable / (steps + 1));
  const leadingEnd = steps * interval + stepsOffset;
  if (steps > usable || (timestepSpacing === 'leading' && (interval < 1 || leadingEnd >= count))) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: ${steps} steps do not fit into ${usable} training timesteps with ${timestepSpacing} spacing ` +
        `and stepsOffset ${stepsOffset}; take fewer steps`,
    );
  }
  switch (timestepSpacing) {
    case 'linspace':
      return indices.map((i) => (i === steps ? usable - 1 : roundHalfToEven(i * ((usable - 1) / steps))));
    case 'leading':
      return indices.map((i) => i * interval + stepsOffset);
    case 'trailing':
      return indices
        .map((_, i) => roundHalfToEven(usable - i * (count / steps)) - 1)
        .filter((timestep) => timestep >= 0);
  }
}
