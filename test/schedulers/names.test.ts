import { describe, expect, test } from 'vitest';
import { comfyBetaSchedule, schedulerFromName } from '../../src/schedulers/scheduler-names.js';
import { samplers } from './support/samplers.js';

describe('samplers are known by the names of', () => {
  test.each(Object.keys(samplers))('this library: %s', (name) => {
    const { scheduler, warnings } = schedulerFromName(name);
    expect(scheduler.name).toBe(name);
    expect(warnings).toEqual([]);
  });

  // ComfyUI's sampler and scheduler, joined.
  test.each([
    ['euler normal', 'euler', {}],
    ['euler_ancestral sgm_uniform', 'eulerAncestral', { timestepSpacing: 'trailing' }],
    ['heun karras', 'heun', { useKarrasSigmas: true }],
    ['dpm_2', 'kdpm2', {}],
    ['dpm_2_ancestral', 'kdpm2Ancestral', {}],
    ['lms exponential', 'lms', { useExponentialSigmas: true }],
    ['dpmpp_2m karras', 'dpmSolverMultistep', { useKarrasSigmas: true, solverOrder: 2 }],
    ['dpmpp_2m_sde', 'dpmSolverMultistep', { algorithmType: 'sde-dpmsolver++', solverOrder: 2 }],
    [
      'dpmpp_2m_sde_gpu karras',
      'dpmSolverMultistep',
      { algorithmType: 'sde-dpmsolver++', useKarrasSigmas: true },
    ],
    ['dpmpp_3m_sde', 'dpmSolverMultistep', { algorithmType: 'sde-dpmsolver++', solverOrder: 3 }],
    ['deis beta', 'deis', { useBetaSigmas: true }],
    ['ddim ddim_uniform', 'ddim', { timestepSpacing: 'leading' }],
    ['ddpm', 'ddpm', {}],
    ['uni_pc', 'uniPC', { solverType: 'bh1', solverOrder: 3 }],
    ['uni_pc_bh2', 'uniPC', { solverType: 'bh2', solverOrder: 3 }],
    ['lcm normal', 'lcm', {}],
  ])('ComfyUI: %s', (name, sampler, options) => {
    const { scheduler, warnings } = schedulerFromName(name);
    expect(scheduler.name).toBe(sampler);
    expect(scheduler.config).toMatchObject(options);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['Euler', 'euler', {}],
    ['Euler a', 'eulerAncestral', {}],
    ['Heun', 'heun', {}],
    ['LMS Karras', 'lms', { useKarrasSigmas: true }],
    ['DPM2', 'kdpm2', {}],
    ['DPM2 a Karras', 'kdpm2Ancestral', { useKarrasSigmas: true }],
    ['DPM++ 2M', 'dpmSolverMultistep', { useKarrasSigmas: false, algorithmType: 'dpmsolver++' }],
    ['DPM++ 2M Karras', 'dpmSolverMultistep', { useKarrasSigmas: true }],
    [
      'DPM++ 2M SDE Exponential',
      'dpmSolverMultistep',
      { algorithmType: 'sde-dpmsolver++', useExponentialSigmas: true },
    ],
    ['DPM++ 2M SDE Heun', 'dpmSolverMultistep', { algorithmType: 'sde-dpmsolver++', solverType: 'heun' }],
    ['DPM++ 3M SDE Karras', 'dpmSolverMultistep', { solverOrder: 3, useKarrasSigmas: true }],
    ['DDIM', 'ddim', {}],
    ['PLMS', 'pndm', {}],
    ['UniPC', 'uniPC', { solverType: 'bh1', solverOrder: 3 }],
    ['LCM', 'lcm', {}],
  ])('A1111: %s', (name, sampler, options) => {
    const { scheduler } = schedulerFromName(name);
    expect(scheduler.name).toBe(sampler);
    expect(scheduler.config).toMatchObject(options);
  });

  test('either, however they are written', () => {
    for (const name of ['dpmpp_2m_karras', 'DPMPP-2M-KARRAS', ' dpm++ 2m  karras ', 'DPM++ 2M Karras']) {
      expect(schedulerFromName(name).scheduler.config).toMatchObject({ useKarrasSigmas: true });
    }
  });
});

describe('a sampler by name', () => {
  test('takes options, which win', () => {
    const { config } = schedulerFromName('euler karras', { betaEnd: 0.02, useKarrasSigmas: false }).scheduler;
    expect(config).toMatchObject({ betaEnd: 0.02, useKarrasSigmas: false });
    expect(() => schedulerFromName('euler', { eta: 1 })).toThrow(/euler: Unrecognized key: "eta"/);
  });

  test.each(['DPM++ 2S a Karras', 'dpmpp_2s_ancestral', 'DPM++ SDE', 'dpmpp_sde_gpu'])(
    'that does not exist here is the nearest relative, with a warning: %s',
    (name) => {
      const { scheduler, warnings } = schedulerFromName(name);
      expect(scheduler.name).toBe('dpmSolverSinglestep');
      expect(warnings).toEqual([
        {
          code: 'scheduler-substituted',
          message: expect.stringMatching(/^DPM\+\+ (2S a|SDE) does not exist here; dpmSolverSinglestep,/),
        },
      ]);
    },
  );

  test('that nobody knows is refused with those that are known', () => {
    for (const name of ['dpm_adaptive', '', 'karras', '__proto__', 'constructor', 'euler karras karras']) {
      expect(() => schedulerFromName(name)).toThrow(
        expect.objectContaining({
          code: 'unsupported',
          message: expect.stringMatching(/^no sampler is called .*euler_a, .*followed by one of .*karras/),
        }),
      );
    }
  });

  test.each(['ddim karras', 'PLMS Exponential', 'ddpm_beta'])(
    'does not take levels that it has no use for: %s',
    (name) => {
      expect(() => schedulerFromName(name)).toThrow(
        expect.objectContaining({ code: 'invalid-options', message: expect.stringContaining(`'${name}'`) }),
      );
    },
  );
});

describe("ComfyUI's beta schedules", () => {
  // Its names are swapped: its "linear" is diffusers' "scaled_linear".
  test.each([
    ['sqrt_linear (AnimateDiff)', 'linear'],
    ['sqrt_linear', 'linear'],
    ['linear', 'scaled_linear'],
    ['linear (HotshotXL/default)', 'scaled_linear'],
    ['cosine', 'squaredcos_cap_v2'],
  ])('%s is %s', (name, betaSchedule) => {
    expect(comfyBetaSchedule(name)).toEqual({ betaSchedule });
  });

  test('of AnimateDiff-SDXL reach further', () => {
    expect(comfyBetaSchedule('linear (AnimateDiff-SDXL)')).toEqual({
      betaSchedule: 'scaled_linear',
      betaEnd: 0.02,
    });
  });

  test('may leave the choice to the model', () => {
    expect(comfyBetaSchedule('autoselect')).toEqual({});
    expect(comfyBetaSchedule('use existing')).toEqual({});
  });

  test('are options of any sampler', () => {
    const noise = comfyBetaSchedule('linear');
    expect(schedulerFromName('euler', { ...noise }).scheduler.config).toMatchObject({
      betaSchedule: 'scaled_linear',
    });
  });

  test('that nobody knows are refused with those that are known', () => {
    for (const name of ['lcm >> sqrt_linear', 'scaled', '']) {
      expect(() => comfyBetaSchedule(name)).toThrow(
        expect.objectContaining({
          code: 'unsupported',
          message: expect.stringMatching(/known are .*sqrt_linear/),
        }),
      );
    }
  });
});
