import { describe, expect, test } from 'vitest';
import { motionModulePreset } from '../../src/schedulers/presets.js';
import { schedulerFromConfig } from '../../src/schedulers/scheduler-config.js';

describe('presets', () => {
  test.each(['v1', 'v2', 'v3', 'long'] as const)("%s modules get AnimateDiff's own settings", (version) => {
    const preset = motionModulePreset(version);
    expect(preset).toMatchObject({ version, numInferenceSteps: 25, guidanceScale: 7.5, warnings: [] });
    expect(preset.scheduler().config).toMatchObject({
      betaSchedule: 'linear',
      betaStart: 0.00085,
      betaEnd: 0.012,
      clipSample: false,
      setAlphaToOne: true,
      stepsOffset: 1,
      timestepSpacing: 'leading',
    });
  });

  test("images without a motion module get Stable Diffusion 1.5's", () => {
    expect(motionModulePreset('image').scheduler().config).toMatchObject({
      betaSchedule: 'scaled_linear',
      setAlphaToOne: false,
      stepsOffset: 1,
    });
  });

  test.each(['animatelcm', 'lightning'] as const)(
    '%s modules take few steps, and say that their sampler is missing',
    (version) => {
      const preset = motionModulePreset(version);
      expect(preset.numInferenceSteps).toBeLessThanOrEqual(8);
      expect(preset.guidanceScale).toBeLessThanOrEqual(2);
      expect(preset.warnings).toEqual([
        { code: 'scheduler-substituted', message: expect.stringContaining(version) },
      ]);
      expect(preset.scheduler().config).toMatchObject({
        timestepSpacing: 'trailing',
        betaSchedule: 'linear',
      });
    },
  );

  test('can be changed in part; undefined changes nothing', () => {
    const { config } = motionModulePreset('image').scheduler({ eta: 0.5, betaSchedule: undefined });
    expect(config).toMatchObject({ eta: 0.5, betaSchedule: 'scaled_linear' });
  });
});

describe("a model folder's scheduler_config.json", () => {
  // scheduler/scheduler_config.json of Stable Diffusion 1.5.
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

  test('for DDIM is taken over, without warnings', () => {
    const { scheduler, warnings } = schedulerFromConfig({ ...sd15, _class_name: 'DDIMScheduler' });
    expect(scheduler.name).toBe('ddim');
    expect(scheduler.config).toMatchObject({
      betaSchedule: 'scaled_linear',
      setAlphaToOne: false,
      clipSample: false,
    });
    expect(warnings).toEqual([]);
  });

  test("for DDIM leaves what it does not say to diffusers' defaults", () => {
    expect(schedulerFromConfig({ _class_name: 'DDIMScheduler' }).scheduler.config).toMatchObject({
      betaStart: 0.0001,
      betaEnd: 0.02,
      clipSample: true,
      setAlphaToOne: true,
      stepsOffset: 0,
    });
  });

  test('for PNDM keeps the noise schedule, and says that DDIM takes its place', () => {
    const { scheduler, warnings } = schedulerFromConfig(sd15, 'scheduler/scheduler_config.json');
    expect(scheduler.config).toMatchObject({
      betaSchedule: 'scaled_linear',
      stepsOffset: 1,
      setAlphaToOne: false,
    });
    expect(warnings).toEqual([
      {
        code: 'scheduler-substituted',
        message: expect.stringMatching(/^scheduler\/scheduler_config.json asks for PNDM/),
      },
    ]);
  });

  test.each([
    [{ ...sd15, _class_name: 'EulerDiscreteScheduler' }, 'unsupported', /EulerDiscreteScheduler/],
    [{ ...sd15, trained_betas: [0.1] }, 'unsupported', /trained_betas/],
    [{}, 'invalid-options', /_class_name/],
    [{ ...sd15, beta_start: 'x', steps_offset: [] }, 'invalid-options', /beta_start: .*; steps_offset: /],
    [{ ...sd15, num_train_timesteps: 1e9 }, 'invalid-options', /numTrainTimesteps/],
    [{ ...sd15, beta_schedule: 'sigmoid' }, 'invalid-options', /betaSchedule/],
    [null, 'invalid-options', /expected object/],
  ])('that cannot be used is refused by name: %#', (config, code, message) => {
    expect(() => schedulerFromConfig(config)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
