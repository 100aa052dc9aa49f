import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import { type BetaSchedule, cumulativeAlphas } from './noise-schedule.js';
import { fraction, type OptionShape, type Resolved } from './option-shape.js';
import type { PredictionType } from './prediction.js';

/** The noise that a model was trained with. The defaults are those of AnimateDiff's motion modules v1 to v3. */
export interface NoiseOptions {
  /** Noise levels in training, at most 100 000. Default 1000. */
  numTrainTimesteps?: number | undefined;
  /** β of the first level, in (0, 1). Default 0.00085. */
  betaStart?: number | undefined;
  /** β of the last level, in (0, 1). Default 0.012. */
  betaEnd?: number | undefined;
  /** How β grows. Default `linear` in diffusers' sense, which ComfyUI calls `sqrt_linear`. */
  betaSchedule?: BetaSchedule | undefined;
  /** β of every level, in place of the four options above; a `numTrainTimesteps` given too must be their number. */
  trainedBetas?: readonly number[] | undefined;
  /** Whether the levels are shifted so that the last is pure noise. Default false. */
  rescaleBetasZeroSnr?: boolean | undefined;
  /** What the model predicts. Default `epsilon`. */
  predictionType?: PredictionType | undefined;
}

/** The shape of {@link NoiseOptions}. */
export function noiseShape(): OptionShape<NoiseOptions> {
  return {
    numTrainTimesteps: z._default(z.int().check(z.gte(1), z.lte(100_000)), 1000),
    betaStart: z._default(fraction(), 0.00085),
    betaEnd: z._default(fraction(), 0.012),
    betaSchedule: z._default(z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']), 'linear'),
    trainedBetas: z.optional(z.array(fraction()).check(z.minLength(1), z.maxLength(100_000))),
    rescaleBetasZeroSnr: z._default(z.boolean(), false),
    predictionType: z._default(z.enum(['epsilon', 'v_prediction', 'sample']), 'epsilon'),
  };
}

/** A resolved noise schedule: ᾱ of every training timestep, and their number. */
export interface TrainingNoise {
  /** ᾱ by timestep, falling. */
  readonly alphas: Float32Array;
  /** Number of training timesteps. */
  readonly count: number;
}

/**
 * The noise schedule of resolved options.
 * @param given The options as they were given, which tell what was left to the defaults.
 * @throws `invalid-options` when a number of timesteps was given that the trained betas contradict.
 */
export function trainingNoise(
  config: Resolved<NoiseOptions>,
  given: NoiseOptions | undefined,
  name: string,
): TrainingNoise {
  const { trainedBetas } = config;
  const count = trainedBetas?.length ?? config.numTrainTimesteps;
  const asked = given?.numTrainTimesteps;
  if (asked !== undefined && asked !== count) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: trainedBetas has ${count} levels, but numTrainTimesteps is ${asked}; leave it out`,
    );
  }
  return { alphas: cumulativeAlphas({ ...config, numTrainTimesteps: count }), count };
}
