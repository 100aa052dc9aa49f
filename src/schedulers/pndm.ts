import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import { discreteTimesteps, levelOfAlpha, type SpacingOptions, spacingShape } from './discrete-schedule.js';
import { combine, type Term } from './linear-combination.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import { denoisedOf, noiseOf } from './prediction.js';
import { remember, type SamplingPlan, schedulerOf } from './sampling-run.js';
import type { Scheduler } from './scheduler.js';

/** Options of {@link pndm}. */
export interface PndmOptions extends NoiseOptions, SpacingOptions {
  /** Whether the last step ends without any noise (ᾱ = 1), otherwise at ᾱ of timestep 0. Default true. */
  setAlphaToOne?: boolean | undefined;
}

interface PndmPlan extends SamplingPlan {
  /** ᾱ that each evaluation's step starts from and goes to. */
  readonly alphas: readonly { readonly from: number; readonly to: number }[];
}

/** Adams-Bashforth weights of the latest predictions, newest first, by how many there are. */
const weights = [
  [],
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/**
 * PNDM without its Runge-Kutta warm-up (PLMS): Liu et al., "Pseudo Numerical Methods for Diffusion Models on
 * Manifolds", ICLR 2022. The second timestep is visited twice: the first step is an improved Euler step. Deterministic.
 * Computes what diffusers' `PNDMScheduler` with `skip_prk_steps` does; default spacing `leading`.
 * @throws `invalid-options` that lists everything that is wrong.
 */
export function pndm(options?: PndmOptions): Scheduler {
  const config = resolveOptions<PndmOptions>(
    { ...noiseShape(), ...spacingShape('leading'), setAlphaToOne: z._default(z.boolean(), true) },
    options,
    'pndm',
  );
  const type = config.predictionType;
  const noise = trainingNoise(config, options, 'pndm');
  const finalAlpha = config.setAlphaToOne ? 1 : noise.alphas[0]!;
  return schedulerOf<PndmPlan>({
    name: 'pndm',
    config,
    historyLength: 4,
    plan(steps, strength) {
      const { timesteps: base, stride } = discreteTimesteps('pndm', steps, strength, config, noise);
      checkNoPureNoise(base, noise.alphas);
      const before = (i: number): number => (stride ? base[i]! - stride : (base[i + 1] ?? -1));
      const alphaOf = (t: number): number => (t < 0 ? finalAlpha : noise.alphas[t]!);
      const plain = base.map((t, i) => ({ t, from: alphaOf(t), to: alphaOf(before(i)) }));
      // The second evaluation is at the end of the first step, and repeats that step.
      const [first, second, ...rest] = plain;
      const end = second && {
        ...second,
        from: alphaOf(stride ? second.t + stride : first!.t),
        to: second.from,
      };
      const visits = second && end ? [first!, end, second, ...rest] : plain;
      return {
        timesteps: visits.map(({ t }) => t),
        initialSigma: 1,
        levels: visits.map(({ t }) => levelOfAlpha(alphaOf(t))),
        alphas: visits,
      };
    },
    step({ alphas, levels }, { output, sample, index, memory }) {
      const { from, to } = alphas[index]!;
      const denoised = denoisedOf(type, output, sample, levels[index]!);
      // A velocity is turned into noise only after the predictions are mixed, as diffusers does it.
      const prediction = type === 'sample' ? noiseOf(type, output, sample, levels[index]!) : output.slice();
      let base = sample;
      let mixed: Float32Array;
      if (index === 1) {
        mixed = combine([0.5, prediction], [0.5, memory.history[0]!]);
        base = memory.held!;
        memory.held = undefined;
      } else {
        remember(memory, prediction, 4);
        if (index === 0) memory.held = sample.slice();
        const terms = memory.history.map((kept, i): Term => [weights[memory.history.length]![i]!, kept]);
        mixed = combine(...terms);
      }
      const predicted = type === 'v_prediction' ? noiseOf(type, mixed, base, levelOfAlpha(from)) : mixed;
      // Equation 11.
      const divisor = from * Math.sqrt(1 - to) + Math.sqrt(from * (1 - from) * to);
      const next = combine([Math.sqrt(to / from), base], [-(to - from) / divisor, predicted]);
      return { sample: next, denoised };
    },
  });
}

/** Equation 11 divides by √ᾱ, whatever is predicted. */
function checkNoPureNoise(timesteps: readonly number[], alphas: Float32Array): void {
  if (!timesteps.some((timestep) => alphas[timestep] === 0)) return;
  throw new AnimateDiffError(
    'invalid-options',
    'pndm: rescaleBetasZeroSnr with these timesteps starts from pure noise, which this method cannot; use another ' +
      'sampler, such as ddim, or leading spacing',
  );
}
