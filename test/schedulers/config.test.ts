import { describe, expect, test } from 'vitest';
import { schedulerFromConfig } from '../../src/schedulers/scheduler-config.js';

type Fields = Readonly<Record<string, unknown>>;

const config = (className: string, fields: Fields = {}): Fields =>
  schedulerFromConfig({ _class_name: className, ...fields }).scheduler.config;

// diffusers' defaults, which are not AnimateDiff's.
const noise = {
  numTrainTimesteps: 1000,
  betaStart: 0.0001,
  betaEnd: 0.02,
  betaSchedule: 'linear',
  predictionType: 'epsilon',
};
const smallNoise = { ...noise, betaStart: 0.00085, betaEnd: 0.012 };
const leading = { timestepSpacing: 'leading', stepsOffset: 0 };
const linspace = { timestepSpacing: 'linspace', stepsOffset: 0 };
const threshold = { thresholding: false, dynamicThresholdingRatio: 0.995, sampleMaxValue: 1 };
const noRule = { useKarrasSigmas: false, useExponentialSigmas: false, useBetaSigmas: false };
const solver = { ...noise, ...linspace, ...threshold, ...noRule, solverOrder: 2, lowerOrderFinal: true };
const dpm = { ...solver, algorithmType: 'dpmsolver++', solverType: 'midpoint', finalSigmasType: 'zero' };

describe("a scheduler_config.json that says nothing but its class has diffusers' defaults", () => {
  test.each<[className: string, sampler: string, options: Fields]>([
    [
      'DDIMScheduler',
      'ddim',
      {
        ...noise,
        ...leading,
        ...threshold,
        clipSample: true,
        clipSampleRange: 1,
        setAlphaToOne: true,
        eta: 0,
      },
    ],
    [
      'DDPMScheduler',
      'ddpm',
      {
        ...noise,
        ...leading,
        ...threshold,
        clipSample: true,
        clipSampleRange: 1,
        varianceType: 'fixed_small',
      },
    ],
    ['PNDMScheduler', 'pndm', { ...noise, ...leading, setAlphaToOne: false }],
    [
      'EulerDiscreteScheduler',
      'euler',
      {
        ...noise,
        ...linspace,
        ...noRule,
        finalSigmasType: 'zero',
        interpolationType: 'linear',
        timestepType: 'discrete',
        sChurn: 0,
      },
    ],
    ['EulerAncestralDiscreteScheduler', 'eulerAncestral', { ...noise, ...linspace }],
    [
      'HeunDiscreteScheduler',
      'heun',
      { ...smallNoise, ...linspace, ...noRule, clipSample: false, clipSampleRange: 1 },
    ],
    ['LMSDiscreteScheduler', 'lms', { ...noise, ...linspace, ...noRule, order: 4 }],
    ['KDPM2DiscreteScheduler', 'kdpm2', { ...smallNoise, ...linspace, ...noRule }],
    ['KDPM2AncestralDiscreteScheduler', 'kdpm2Ancestral', { ...smallNoise, ...linspace, ...noRule }],
    ['DEISMultistepScheduler', 'deis', { ...solver, finalSigmasType: 'sigma_min' }],
    [
      'DPMSolverMultistepScheduler',
      'dpmSolverMultistep',
      { ...dpm, eulerAtFinal: false, useLuLambdas: false, rescaleBetasZeroSnr: false },
    ],
    [
      'DPMSolverSinglestepScheduler',
      'dpmSolverSinglestep',
      { ...dpm, stepsOffset: 1, lowerOrderFinal: false },
    ],
    [
      'UniPCMultistepScheduler',
      'uniPC',
      { ...solver, finalSigmasType: 'zero', solverType: 'bh2', predictX0: true, disableCorrector: [] },
    ],
    [
      'LCMScheduler',
      'lcm',
      {
        ...smallNoise,
        ...threshold,
        betaSchedule: 'scaled_linear',
        originalInferenceSteps: 50,
        clipSample: false,
        timestepScaling: 10,
      },
    ],
    ['TCDScheduler', 'tcd', { ...smallNoise, betaSchedule: 'scaled_linear', originalInferenceSteps: 50 }],
  ])('%s', (_class_name, sampler, options) => {
    const { scheduler } = schedulerFromConfig({ _class_name });
    expect(scheduler.name).toBe(sampler);
    expect(scheduler.config).toMatchObject(options);
    expect(scheduler.config['trainedBetas']).toBeUndefined();
  });
});

describe("Stable Diffusion 1.5's scheduler_config.json", () => {
  const sd15 = {
    _class_name: 'PNDMScheduler',
    _diffusers_version: '0.6.0',
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    beta_start: 0.00085,
    num_train_timesteps: 1000,
    set_alpha_to_one: false,
    skip_prk_steps: true,
    steps_offset: 1,
    trained_betas: null,
    clip_sample: false,
  };
  const own = { betaSchedule: 'scaled_linear', betaStart: 0.00085, betaEnd: 0.012, stepsOffset: 1 };

  test('is PNDM as it stands', () => {
    const { scheduler, warnings } = schedulerFromConfig(sd15);
    expect(scheduler.name).toBe('pndm');
    expect(scheduler.config).toMatchObject({ ...own, setAlphaToOne: false, timestepSpacing: 'leading' });
    expect(warnings).toEqual([]);
  });

  test("with PNDM's Runge-Kutta warm-up goes without, and says so", () => {
    for (const skip_prk_steps of [false, undefined]) {
      const { scheduler, warnings } = schedulerFromConfig({ ...sd15, skip_prk_steps }, 'sd/scheduler.json');
      expect(scheduler.name).toBe('pndm');
      expect(warnings).toEqual([
        {
          code: 'scheduler-substituted',
          message: expect.stringMatching(/^sd\/scheduler\.json .*Runge-Kutta/),
        },
      ]);
    }
  });

  test.each([
    'DDIMScheduler',
    'EulerDiscreteScheduler',
    'DPMSolverMultistepScheduler',
    'UniPCMultistepScheduler',
    'LCMScheduler',
  ])(
    'under another class keeps its noise, and leaves alone what that class does not have: %s',
    (_class_name) => {
      const { scheduler, warnings } = schedulerFromConfig({ ...sd15, _class_name });
      const { stepsOffset, ...betas } = own;
      expect(scheduler.config).toMatchObject(
        _class_name === 'LCMScheduler' ? betas : { ...betas, stepsOffset },
      );
      expect(scheduler.config).not.toHaveProperty('skipPrkSteps');
      expect(warnings).toEqual([]);
    },
  );

  test('gives way to options that are given with it', () => {
    const overrides = { betaSchedule: 'linear', setAlphaToOne: true };
    const { scheduler } = schedulerFromConfig(sd15, 'scheduler_config.json', overrides);
    expect(scheduler.config).toMatchObject(overrides);
  });
});

describe('a scheduler_config.json', () => {
  test('may hold betas, which say how many levels there are', () => {
    const trained_betas = [0.1, 0.2, 0.3];
    const { scheduler } = schedulerFromConfig({ _class_name: 'DDIMScheduler', trained_betas });
    expect(scheduler.config).toMatchObject({ trainedBetas: trained_betas });
    const request = {
      steps: 3,
      strength: 1,
      random: { normal: () => new Float32Array(1), state: () => ({ kind: '', words: [], extra: [] }) },
    };
    expect(scheduler.start(request).timesteps).toEqual([2, 1, 0]);
  });

  test.each(['-Infinity', '-inf', 'Infinity', 'inf'])('may write infinity as the word %s', (word) => {
    const plain = config('DPMSolverMultistepScheduler');
    expect(config('DPMSolverMultistepScheduler', { lambda_min_clipped: word })).toEqual(plain);
    expect(config('DPMSolverMultistepScheduler', { lambda_min_clipped: -5.1 })).toMatchObject({
      lambdaMinClipped: -5.1,
    });
  });

  test.each<[string, Fields, Fields]>([
    ['DPMSolverMultistepScheduler', { algorithm_type: 'deis' }, { algorithmType: 'dpmsolver++' }],
    ['DPMSolverMultistepScheduler', { solver_type: 'logrho' }, { solverType: 'midpoint' }],
    ['DPMSolverMultistepScheduler', { solver_type: 'bh2' }, { solverType: 'midpoint' }],
    [
      'DPMSolverSinglestepScheduler',
      { algorithm_type: 'deis', solver_type: 'bh1' },
      { algorithmType: 'dpmsolver++', solverType: 'midpoint' },
    ],
    ['UniPCMultistepScheduler', { solver_type: 'midpoint' }, { solverType: 'bh2' }],
    ['UniPCMultistepScheduler', { solver_type: 'heun' }, { solverType: 'bh2' }],
  ])('may keep words of another class, as diffusers reads them: %s %o', (className, fields, options) => {
    expect(config(className, fields)).toMatchObject(options);
  });

  test.each<[string, Fields, Fields]>([
    ['EulerDiscreteScheduler', { use_karras_sigmas: true }, { useKarrasSigmas: true }],
    ['EulerDiscreteScheduler', { timestep_spacing: 'trailing' }, { timestepSpacing: 'trailing' }],
    ['EulerDiscreteScheduler', { timestep_type: 'continuous' }, { timestepType: 'continuous' }],
    [
      'DPMSolverMultistepScheduler',
      { use_lu_lambdas: true, solver_order: 3 },
      { useLuLambdas: true, solverOrder: 3 },
    ],
    ['UniPCMultistepScheduler', { disable_corrector: [0, 1] }, { disableCorrector: [0, 1] }],
    [
      'DDIMScheduler',
      { rescale_betas_zero_snr: true, prediction_type: 'v_prediction' },
      { rescaleBetasZeroSnr: true, predictionType: 'v_prediction' },
    ],
    ['LCMScheduler', { original_inference_steps: 100 }, { originalInferenceSteps: 100 }],
    // Of all classes this one alone has no spacing.
    ['DPMSolverSinglestepScheduler', { timestep_spacing: 'trailing' }, { timestepSpacing: 'linspace' }],
  ])('sets what its class has: %s %o', (className, fields, options) => {
    expect(config(className, fields)).toMatchObject(options);
  });

  test.each<[unknown, string, RegExp]>([
    [
      { _class_name: 'FlowMatchEulerDiscreteScheduler' },
      'unsupported',
      /"FlowMatchEulerDiscreteScheduler" is none of DDIMScheduler, /,
    ],
    [{ _class_name: 'constructor' }, 'unsupported', /"constructor" is none of/],
    [
      { _class_name: 'UniPCMultistepScheduler', use_flow_sigmas: true },
      'unsupported',
      /use_flow_sigmas true of UniPCMultistepScheduler/,
    ],
    [{ _class_name: 'DPMSolverMultistepScheduler', use_flow_sigmas: true }, 'unsupported', /use_flow_sigmas/],
    [
      { _class_name: 'DEISMultistepScheduler', use_dynamic_shifting: true },
      'unsupported',
      /use_dynamic_shifting/,
    ],
    [
      { _class_name: 'DPMSolverMultistepScheduler', variance_type: 'learned_range' },
      'unsupported',
      /variance_type "learned_range"/,
    ],
    [{ _class_name: 'UniPCMultistepScheduler', solver_p: {} }, 'unsupported', /solver_p/],
    [{}, 'invalid-options', /_class_name/],
    [{ _class_name: 7 }, 'invalid-options', /_class_name 7/],
    [null, 'invalid-options', /expected an object with _class_name/],
    [[], 'invalid-options', /expected an object with _class_name/],
    [
      { _class_name: 'PNDMScheduler', beta_start: 'x', steps_offset: [] },
      'invalid-options',
      /betaStart: .*; stepsOffset: /,
    ],
    [{ _class_name: 'PNDMScheduler', num_train_timesteps: 1e9 }, 'invalid-options', /numTrainTimesteps/],
    [{ _class_name: 'DDIMScheduler', beta_schedule: 'sigmoid' }, 'invalid-options', /betaSchedule/],
    [{ _class_name: 'DDPMScheduler', variance_type: 'learned' }, 'invalid-options', /varianceType/],
    [
      { _class_name: 'EulerDiscreteScheduler', use_karras_sigmas: true, use_beta_sigmas: true },
      'invalid-options',
      /useKarrasSigmas and useBetaSigmas/,
    ],
  ])('that cannot be used is refused, with the name of the file: %o', (json, code, message) => {
    expect(() => schedulerFromConfig(json, 'sampler.json')).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
    expect(() => schedulerFromConfig(json, 'sampler.json')).toThrow(/^sampler\.json: /);
  });
});
