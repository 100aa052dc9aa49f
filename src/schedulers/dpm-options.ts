import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import type { DpmAlgorithm, DpmLevel } from './dpm-update.js';
import { limited } from './limit-options.js';
import { combine } from './linear-combination.js';
import type { OptionShape, Resolved } from './option-shape.js';
import { denoisedOf, noiseOf } from './prediction.js';
import { preservingLevel } from './sigma-plan.js';
import { type SolverOptions, solverShape } from './solver-schedule.js';

/** What both DPM-Solver samplers have in common. */
export interface DpmSolverOptions extends SolverOptions {
  /** Which equation is solved, see {@link DpmAlgorithm}. Default `dpmsolver++`. */
  algorithmType?: DpmAlgorithm | undefined;
  /** How the second order is taken. Default `midpoint`. */
  solverType?: 'midpoint' | 'heun' | undefined;
  /** Levels with less log(signal / noise) than this are left out; −5.1 for cosine schedules. Default none. */
  lambdaMinClipped?: number | undefined;
}

/** The shape of {@link DpmSolverOptions}. */
export function dpmSolverShape(): OptionShape<DpmSolverOptions> {
  const algorithms = ['dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++'] as const;
  return {
    ...solverShape(),
    algorithmType: z._default(z.enum(algorithms), 'dpmsolver++'),
    solverType: z._default(z.enum(['midpoint', 'heun']), 'midpoint'),
    lambdaMinClipped: z._default(z.number(), -Number.MAX_VALUE),
  };
}

/** @throws `invalid-options` for what the equations do not allow. */
export function checkDpmOptions(name: string, config: Resolved<DpmSolverOptions>): void {
  const { algorithmType, finalSigmasType, solverOrder, sigmas } = config;
  const ofNoise = !algorithmType.endsWith('++');
  if (ofNoise && (sigmas ? sigmas.at(-1) === 0 : finalSigmasType === 'zero')) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: algorithmType '${algorithmType}' cannot end without noise; set finalSigmasType to 'sigma_min'`,
    );
  }
  if (algorithmType === 'sde-dpmsolver' && solverOrder > 2) {
    throw new AnimateDiffError(
      'invalid-options',
      `${name}: algorithmType 'sde-dpmsolver' has no order ${solverOrder}; take 1 or 2, or 'sde-dpmsolver++'`,
    );
  }
}

/** A level by its σ. */
export function dpmLevel(sigma: number): DpmLevel {
  return { sigma, ...preservingLevel(sigma) };
}

/** What the solver integrates at a level, and the clean latents. */
export function dpmPrediction(
  config: Resolved<DpmSolverOptions>,
  output: Float32Array,
  sample: Float32Array,
  level: DpmLevel,
): { readonly prediction: Float32Array; readonly denoised: Float32Array } {
  const denoised = limited(denoisedOf(config.predictionType, output, sample, level), config);
  if (config.algorithmType.endsWith('++')) return { prediction: denoised, denoised };
  const prediction = config.thresholding
    ? combine([1 / level.spread, sample], [-level.signal / level.spread, denoised])
    : noiseOf(config.predictionType, output, sample, level);
  return { prediction, denoised };
}
