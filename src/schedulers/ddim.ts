import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import { discreteTimesteps, levelOfAlpha, type SpacingOptions, spacingShape } from './discrete-schedule.js';
import {
  type ClipOptions,
  clipShape,
  limited,
  type ThresholdOptions,
  thresholdShape,
} from './limit-options.js';
import { combine } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions, share } from './option-shape.js';
import { denoisedOf, noiseOf, type PredictionType } from './prediction.js';
import { type SamplingPlan, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';

/**
 * Options of {@link ddim}. The defaults are those that AnimateDiff's motion modules v1 to v3 were trained with, with
 * `leading` spacing.
 */
export interface DdimOptions extends NoiseOptions, SpacingOptions, ClipOptions, ThresholdOptions {
  /** Whether the last step ends without any noise (ᾱ = 1); otherwise at ᾱ of timestep 0, which leaves grain. Default true. */
  setAlphaToOne?: boolean | undefined;
  /** Share of the noise that DDPM would add at each step, in [0, 1]; 0 draws none. Default 0. */
  eta?: number | undefined;
  /** Whether the predicted noise is computed anew from a clean prediction that was clipped or thresholded. Default false. */
  useClippedModelOutput?: boolean | undefined;
}

interface DdimPlan extends SamplingPlan {
  /** ᾱ that each step starts from and goes to. */
  readonly alphas: readonly { readonly from: number; readonly to: number }[];
}

/**
 * DDIM: Song, Meng, Ermon, "Denoising Diffusion Implicit Models", ICLR 2021. Deterministic unless `eta` is above 0.
 * Computes what diffusers' `DDIMScheduler` does. The defaults are AnimateDiff's.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function ddim(options?: DdimOptions): Scheduler {
  const config = resolveOptions<DdimOptions>(
    {
      ...noiseShape(),
      ...spacingShape('leading'),
      ...clipShape(),
      ...thresholdShape(),
      setAlphaToOne: z._default(z.boolean(), true),
      eta: z._default(share(), 0),
      useClippedModelOutput: z._default(z.boolean(), false),
    },
    options,
    'ddim',
  );
  const noise = trainingNoise(config, options, 'ddim');
  const finalAlpha = config.setAlphaToOne ? 1 : noise.alphas[0]!;
  return schedulerOf<DdimPlan>({
    name: 'ddim',
    config,
    historyLength: 0,
    plan(steps, strength) {
      const { timesteps, stride } = discreteTimesteps('ddim', steps, strength, config, noise);
      checkReachable('ddim', config.predictionType, timesteps, noise.alphas);
      // diffusers steps back by the stride whatever the spacing, so not always onto the next timestep.
      const target = (i: number): number => (stride ? timesteps[i]! - stride : (timesteps[i + 1] ?? -1));
      const alphas = timesteps.map((t, i) => ({
        from: noise.alphas[t]!,
        to: target(i) < 0 ? finalAlpha : noise.alphas[target(i)]!,
      }));
      return { timesteps, initialSigma: 1, levels: alphas.map(({ from }) => levelOfAlpha(from)), alphas };
    },
    step({ alphas, levels }, { output, sample, index, random }) {
      const { from, to } = alphas[index]!;
      const level = levels[index]!;
      const denoised = limited(denoisedOf(config.predictionType, output, sample, level), config);
      const predicted = config.useClippedModelOutput
        ? noiseOf('sample', denoised, sample, level)
        : noiseOf(config.predictionType, output, sample, level);
      // Equation 12: the clean prediction, the direction back towards x_t, fresh noise of deviation eta · equation 16.
      const variance = config.eta ** 2 * ((1 - to) / (1 - from)) * (1 - from / to);
      const direction = Math.sqrt(Math.max(1 - to - variance, 0));
      if (config.eta === 0) {
        return { sample: combine([Math.sqrt(to), denoised], [direction, predicted]), denoised };
      }
      const fresh = random.normal(sample.length);
      const next = combine([Math.sqrt(to), denoised], [direction, predicted], [Math.sqrt(variance), fresh]);
      return { sample: next, denoised };
    },
  });
}

/**
 * Where nothing but noise is left, a predicted noise says nothing of the image: division by zero.
 * @throws `invalid-options` when a run would start there.
 */
export function checkReachable(
  name: string,
  predictionType: PredictionType,
  timesteps: readonly number[],
  alphas: Float32Array,
): void {
  if (predictionType === 'epsilon' && timesteps.some((timestep) => alphas[timestep] === 0)) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: rescaleBetasZeroSnr with these timesteps starts from pure noise, which predictionType 'epsilon' ` +
        "cannot; use 'v_prediction' if the model was trained so, or leading spacing",
    );
  }
}
