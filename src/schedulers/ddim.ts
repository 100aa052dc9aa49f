import { AnimateDiffError } from '../core/errors.js';
import type { RandomSource } from '../core/random.js';
import { type DdimOptions, type ResolvedDdimOptions, resolveDdimOptions } from './ddim-options.js';
import { cumulativeAlphas } from './noise-schedule.js';
import { clamp, dynamicThreshold, readPrediction } from './prediction.js';
import type { SamplingRun, Scheduler } from './scheduler.js';
import { checkSameLength, restoreState, stepOrder } from './step-order.js';
import { spacedTimesteps, timestepsOfStrength } from './timesteps.js';

const name = 'ddim';

/**
 * DDIM: Song, Meng, Ermon, "Denoising Diffusion Implicit Models", ICLR 2021. Deterministic unless `eta` is above 0.
 * Computes what diffusers' `DDIMScheduler` does. The defaults are AnimateDiff's.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function ddim(options?: DdimOptions): Scheduler {
  const config = Object.freeze(resolveDdimOptions(options));
  const alphas = cumulativeAlphas(config);
  const timestepsOf = (steps: number, strength: number): readonly number[] => {
    const timesteps = timestepsOfStrength(spacedTimesteps(steps, config), steps, strength);
    checkReachable(timesteps, alphas, config);
    return timesteps;
  };
  return {
    contract: 'scheduler/1',
    name,
    config,
    start({ steps, strength, random }) {
      return samplingRun(config, alphas, timestepsOf(steps, strength), steps, 0, random);
    },
    resume(request, state) {
      const timesteps = timestepsOf(request.steps, request.strength);
      const { index, random } = restoreState(name, timesteps.length, request, state);
      return samplingRun(config, alphas, timesteps, request.steps, index, random);
    },
  };
}

function samplingRun(
  config: ResolvedDdimOptions,
  alphas: Float32Array,
  timesteps: readonly number[],
  steps: number,
  first: number,
  random: RandomSource,
): SamplingRun {
  const order = stepOrder(name, timesteps.length, first);
  // diffusers steps back by this much whatever the spacing, so not always onto the next timestep.
  const stride = Math.floor(config.numTrainTimesteps / steps);
  const finalAlpha = config.setAlphaToOne ? 1 : alphas[0]!;

  return {
    timesteps,
    initialSigma: 1,
    scaleInput(sample, index) {
      order.check(index);
      return sample.slice();
    },
    step(output, sample, index) {
      checkSameLength(name, output, sample);
      order.advance(index);
      const timestep = timesteps[index]!;
      const alpha = alphas[timestep]!;
      const previousAlpha = timestep >= stride ? alphas[timestep - stride]! : finalAlpha;
      const prediction = readPrediction(config.predictionType, output, sample, alpha);
      const denoised = limited(prediction.denoised, config);
      const deviation = config.eta * Math.sqrt(addedVariance(alpha, previousAlpha));
      // Equation 12: the clean prediction, the direction back towards x_t, fresh noise.
      const signal = Math.sqrt(previousAlpha);
      const direction = Math.sqrt(Math.max(1 - previousAlpha - deviation ** 2, 0));
      const next = denoised.map((x0, i) => signal * x0 + direction * prediction.noise[i]!);
      if (config.eta > 0) {
        const fresh = random.normal(next.length);
        for (let i = 0; i < next.length; i++) next[i] = next[i]! + deviation * fresh[i]!;
      }
      return { sample: next, denoised };
    },
    addNoise(clean, noise, index) {
      checkSameLength(name, clean, noise);
      order.check(index);
      const alpha = alphas[timesteps[index]!]!;
      const [signal, spread] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
      return clean.map((x0, i) => signal * x0 + spread * noise[i]!);
    },
    state: () => ({
      scheduler: name,
      index: order.next,
      values: { count: timesteps.length },
      random: random.state(),
    }),
  };
}

/** σ² at eta 1, equation 16: DDPM's variance between two levels. */
function addedVariance(alpha: number, previousAlpha: number): number {
  return ((1 - previousAlpha) / (1 - alpha)) * (1 - alpha / previousAlpha);
}

function limited(denoised: Float32Array, config: ResolvedDdimOptions): Float32Array {
  if (config.thresholding) {
    return dynamicThreshold(denoised, config.dynamicThresholdingRatio, config.sampleMaxValue);
  }
  return config.clipSample ? clamp(denoised, config.clipSampleRange) : denoised;
}

// Where nothing but noise is left, a predicted noise says nothing of the image: division by zero.
function checkReachable(
  timesteps: readonly number[],
  alphas: Float32Array,
  config: ResolvedDdimOptions,
): void {
  if (config.predictionType === 'epsilon' && timesteps.some((timestep) => alphas[timestep] === 0)) {
    throw new AnimateDiffError(
      'invalid-options',
      "ddim: rescaleBetasZeroSnr with this timestepSpacing starts from pure noise, which predictionType 'epsilon' " +
        "cannot; use 'v_prediction' if the model was trained so, or leading spacing",
    );
  }
}
