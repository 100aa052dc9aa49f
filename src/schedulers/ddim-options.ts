import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import type { BetaSchedule } from './noise-schedule.js';
import type { PredictionType } from './prediction.js';
import type { TimestepSpacing } from './timesteps.js';

/** Options of {@link ddim}. The defaults are those that AnimateDiff's motion modules v1 to v3 were trained with. */
export interface DdimOptions {
  /** Noise levels in training, at most 100 000. Default 1000. */
  numTrainTimesteps?: number | undefined;
  /** β of the first level, in (0, 1). Default 0.00085. */
  betaStart?: number | undefined;
  /** β of the last level, in (0, 1). Default 0.012. */
  betaEnd?: number | undefined;
  /** How β grows. Default `linear` in diffusers' sense, which ComfyUI calls `sqrt_linear`. */
  betaSchedule?: BetaSchedule | undefined;
  /** Whether the levels are shifted so that the last is pure noise. Default false. */
  rescaleBetasZeroSnr?: boolean | undefined;
  /** Whether every step's clean prediction is cut to ±`clipSampleRange`. Default false. */
  clipSample?: boolean | undefined;
  /** Default 1. */
  clipSampleRange?: number | undefined;
  /** Whether the last step ends without any noise (ᾱ = 1); otherwise at ᾱ of timestep 0, which leaves grain. Default true. */
  setAlphaToOne?: boolean | undefined;
  /** Added to the timesteps of `leading` spacing. Default 1. */
  stepsOffset?: number | undefined;
  /** What the model predicts. Default `epsilon`. */
  predictionType?: PredictionType | undefined;
  /** Default `leading`. */
  timestepSpacing?: TimestepSpacing | undefined;
  /** Share of the noise that DDPM would add at each step, in [0, 1]; 0 draws none. Default 0. */
  eta?: number | undefined;
  /** Whether every step's clean prediction is thresholded dynamically; takes the place of `clipSample`. Default false. */
  thresholding?: boolean | undefined;
  /** Quantile of dynamic thresholding, in [0, 1]. Default 0.995. */
  dynamicThresholdingRatio?: number | undefined;
  /** Largest quantile value that dynamic thresholding uses, at least 1. Default 1. */
  sampleMaxValue?: number | undefined;
}

/** {@link DdimOptions} with nothing left open. */
export type ResolvedDdimOptions = { readonly [K in keyof DdimOptions]-?: Exclude<DdimOptions[K], undefined> };

/**
 * Checks options and fills in defaults.
 * @param what Whose options these are, for the message.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function resolveDdimOptions(options: DdimOptions | undefined, what = 'ddim'): ResolvedDdimOptions {
  const fraction = z.number().check(z.gt(0), z.lt(1));
  const share = z.number().check(z.gte(0), z.lte(1));
  const schema = z.strictObject({
    numTrainTimesteps: z._default(z.int().check(z.gte(1), z.lte(100_000)), 1000),
    betaStart: z._default(fraction, 0.00085),
    betaEnd: z._default(fraction, 0.012),
    betaSchedule: z._default(z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']), 'linear'),
    rescaleBetasZeroSnr: z._default(z.boolean(), false),
    clipSample: z._default(z.boolean(), false),
    clipSampleRange: z._default(z.number().check(z.gt(0)), 1),
    setAlphaToOne: z._default(z.boolean(), true),
    stepsOffset: z._default(z.int().check(z.gte(0)), 1),
    predictionType: z._default(z.enum(['epsilon', 'v_prediction', 'sample']), 'epsilon'),
    timestepSpacing: z._default(z.enum(['leading', 'linspace', 'trailing']), 'leading'),
    eta: z._default(share, 0),
    thresholding: z._default(z.boolean(), false),
    dynamicThresholdingRatio: z._default(share, 0.995),
    sampleMaxValue: z._default(z.number().check(z.gte(1)), 1),
  });
  return checkOptions<ResolvedDdimOptions>(schema, options, what);
}
