import { describe, expect, test } from 'vitest';
import {
  type SchedulerConformanceOptions,
  schedulerConformance,
} from '../../src/testing/scheduler-conformance.js';
import { samplers } from './support/samplers.js';

type Configuration = readonly [
  sampler: string,
  how: string,
  options: Readonly<Record<string, unknown>>,
  flags?: SchedulerConformanceOptions,
];

const noisyEnd = { endsClean: false };
const betweenLevels = { exactDenoised: false };
const zeroSnr = {
  predictionType: 'v_prediction',
  rescaleBetasZeroSnr: true,
  timestepSpacing: 'trailing',
};

const configurations: readonly Configuration[] = [
  ['ddim', 'as AnimateDiff uses it', {}],
  ['ddim', 'with noise at every step', { eta: 0.7 }],
  ['ddim', 'ending with the noise of the first level', { setAlphaToOne: false }, noisyEnd],
  // Six trailing steps end at timestep 166; diffusers' stride of 166 takes the last one to timestep 0 rather than past
  // it, so it keeps that level's noise.
  ['ddim', 'from pure noise', zeroSnr, noisyEnd],
  ['ddim', 'predicting clean latents, thresholded', { predictionType: 'sample', thresholding: true }],
  [
    'ddim',
    'on a cosine schedule, clipped',
    { betaSchedule: 'squaredcos_cap_v2', clipSample: true, useClippedModelOutput: true },
  ],
  ['ddim', 'at timesteps of its own', { timesteps: [990, 700, 500, 300, 120, 10] }],

  ['ddpm', 'as it is', {}],
  // The last step, from timestep 1, still adds β.
  ['ddpm', 'with the larger variance', { varianceType: 'fixed_large' }, noisyEnd],
  ['ddpm', 'predicting velocities, clipped', { predictionType: 'v_prediction', clipSample: true }],

  // Its last step mixes in what was predicted earlier.
  ['pndm', 'as it is', {}, noisyEnd],
  ['pndm', 'ending with the noise of the first level', { setAlphaToOne: false }, noisyEnd],
  ['pndm', 'predicting velocities', { predictionType: 'v_prediction' }, noisyEnd],

  ['euler', 'as it is', {}],
  ['euler', "with Karras' levels", { useKarrasSigmas: true, timestepSpacing: 'trailing' }],
  // The model saw the sample before noise was added.
  ['euler', 'with noise before every step', { sChurn: 3, sNoise: 1.01 }, betweenLevels],
  ['euler', 'from pure noise, telling the level', { ...zeroSnr, timestepType: 'continuous' }],
  ['euler', 'ending at the lowest level', { finalSigmasType: 'sigma_min' }, noisyEnd],
  ['euler', 'evenly in log σ', { interpolationType: 'log_linear' }, noisyEnd],
  ['euler', 'at levels of its own', { sigmas: [14, 8, 4, 2, 1, 0.4, 0] }],

  ['eulerAncestral', 'as it is', {}],
  ['eulerAncestral', 'predicting velocities', { predictionType: 'v_prediction' }],
  ['eulerAncestral', 'with exponential levels', { useExponentialSigmas: true, timestepSpacing: 'leading' }],

  ['heun', 'as it is', {}],
  ['heun', "clipped, with Karras' levels", { clipSample: true, useKarrasSigmas: true }],
  ['heun', 'predicting velocities', { predictionType: 'v_prediction', useBetaSigmas: true }],

  // Its last step mixes in what was predicted earlier.
  ['lms', 'of order 4', {}, noisyEnd],
  ['lms', 'of order 1', { order: 1, useKarrasSigmas: true }],
  ['lms', 'predicting clean latents', { order: 2, predictionType: 'sample' }, noisyEnd],

  ['deis', 'as it is', {}, noisyEnd],
  ['deis', 'of order 3, to the very end', { solverOrder: 3, finalSigmasType: 'zero' }],
  ['deis', 'predicting velocities', { predictionType: 'v_prediction', useKarrasSigmas: true }, noisyEnd],

  ['dpmSolverMultistep', 'of order 1', { solverOrder: 1 }],
  ['dpmSolverMultistep', 'of order 2', {}],
  ['dpmSolverMultistep', 'of order 3', { solverOrder: 3, useKarrasSigmas: true }],
  ['dpmSolverMultistep', 'stochastic', { algorithmType: 'sde-dpmsolver++', solverType: 'heun' }],
  [
    'dpmSolverMultistep',
    'stochastic, of order 3',
    { algorithmType: 'sde-dpmsolver++', solverOrder: 3, useLuLambdas: true },
  ],
  [
    'dpmSolverMultistep',
    'of the noise',
    { algorithmType: 'dpmsolver', finalSigmasType: 'sigma_min' },
    noisyEnd,
  ],
  [
    'dpmSolverMultistep',
    'of the noise, stochastic',
    { algorithmType: 'sde-dpmsolver', finalSigmasType: 'sigma_min' },
    noisyEnd,
  ],
  ['dpmSolverMultistep', 'thresholded, Euler at the end', { thresholding: true, eulerAtFinal: true }],
  ['dpmSolverMultistep', 'from pure noise', zeroSnr],
  ['dpmSolverMultistep', 'predicting clean latents', { predictionType: 'sample' }],

  ['dpmSolverSinglestep', 'of order 1', { solverOrder: 1 }],
  ['dpmSolverSinglestep', 'of order 2', { timestepSpacing: 'trailing' }],
  ['dpmSolverSinglestep', 'of order 3', { solverOrder: 3, solverType: 'heun' }],
  ['dpmSolverSinglestep', 'stochastic', { algorithmType: 'sde-dpmsolver++', useKarrasSigmas: true }],
  [
    'dpmSolverSinglestep',
    'of the noise',
    { algorithmType: 'dpmsolver', finalSigmasType: 'sigma_min', lowerOrderFinal: false },
    noisyEnd,
  ],

  ['uniPC', 'bh2', {}],
  ['uniPC', 'bh1', { solverType: 'bh1', useKarrasSigmas: true }],
  // Its corrector moves the sample after the model saw it.
  ['uniPC', 'of the noise', { predictX0: false }, noisyEnd],
  ['uniPC', 'of order 3', { solverOrder: 3, disableCorrector: [0] }],
  ['uniPC', 'ending at the lowest level', { finalSigmasType: 'sigma_min' }, noisyEnd],
  ['uniPC', 'predicting velocities', { predictionType: 'v_prediction', thresholding: true }],

  ['kdpm2', 'as it is', {}, betweenLevels],
  ['kdpm2', "with Karras' levels", { useKarrasSigmas: true }, betweenLevels],
  ['kdpm2', 'predicting velocities', { predictionType: 'v_prediction' }, betweenLevels],

  ['kdpm2Ancestral', 'as it is', {}, betweenLevels],
  ['kdpm2Ancestral', "with Lu's levels", { useLuLambdas: true }, betweenLevels],

  ['lcm', 'as it is', {}],
  ['lcm', "as AnimateLCM's modules want it", { originalInferenceSteps: 100 }],
  ['lcm', 'predicting velocities, clipped', { predictionType: 'v_prediction', clipSample: true }],

  ['tcd', 'deterministic', { eta: 0 }, noisyEnd],
  ['tcd', 'as it is', {}, noisyEnd],
  ['tcd', 'with noise only', { eta: 1 }, noisyEnd],
];

for (const [sampler, how, options, flags] of configurations) {
  describe(`${sampler} keeps the contract ${how}:`, () => {
    const cases = schedulerConformance(() => samplers[sampler]!(options), flags);
    test.each(cases)('$name', ({ run }) => run());
  });
}

test('every sampler of the library is among them', () => {
  expect(new Set(configurations.map(([sampler]) => sampler))).toEqual(new Set(Object.keys(samplers)));
});
