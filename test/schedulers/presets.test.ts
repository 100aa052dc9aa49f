import { describe, expect, test } from 'vitest';
import { ddim } from '../../src/schedulers/ddim.js';
import { euler } from '../../src/schedulers/euler.js';
import { lcm } from '../../src/schedulers/lcm.js';
import {
  contradictions,
  guidanceContradictions,
  motionModulePreset,
  type PresetVersion,
} from '../../src/schedulers/presets.js';

const animateDiff = { betaSchedule: 'linear', betaStart: 0.00085, betaEnd: 0.012 };
const versions = ['v1', 'v2', 'v3', 'long', 'animatelcm', 'lightning', 'image'] as const;

describe('presets', () => {
  test.each(['v1', 'v2', 'v3', 'long'] as const)("%s modules get AnimateDiff's own settings", (version) => {
    const preset = motionModulePreset(version);
    expect(preset).toMatchObject({ version, numInferenceSteps: 25, guidanceScale: 7.5, noise: animateDiff });
    const { name, config } = preset.scheduler();
    expect(name).toBe('ddim');
    expect(config).toMatchObject({
      ...animateDiff,
      clipSample: false,
      setAlphaToOne: true,
      stepsOffset: 1,
      timestepSpacing: 'leading',
      eta: 0,
    });
  });

  test('AnimateLCM modules are sampled by LCM out of 100 steps, with little guidance', () => {
    const preset = motionModulePreset('animatelcm');
    expect(preset.numInferenceSteps).toBeLessThanOrEqual(8);
    expect(preset).toMatchObject({ guidanceScale: 1.5, maxGuidanceScale: 2, onlySampler: 'lcm' });
    const { name, config } = preset.scheduler();
    expect(name).toBe('lcm');
    expect(config).toMatchObject({ ...animateDiff, originalInferenceSteps: 100 });
  });

  test('AnimateDiff-Lightning modules are sampled by Euler on trailing timesteps, without guidance', () => {
    const preset = motionModulePreset('lightning');
    expect(preset).toMatchObject({
      numInferenceSteps: 4,
      guidanceScale: 1,
      maxGuidanceScale: 1,
      onlySampler: 'euler',
    });
    const { name, config } = preset.scheduler();
    expect(name).toBe('euler');
    expect(config).toMatchObject({ ...animateDiff, timestepSpacing: 'trailing' });
  });

  test("images without a motion module get Stable Diffusion 1.5's", () => {
    const { name, config } = motionModulePreset('image').scheduler();
    expect(name).toBe('ddim');
    expect(config).toMatchObject({ betaSchedule: 'scaled_linear', setAlphaToOne: false, stepsOffset: 1 });
  });

  test('can be changed in part; undefined changes nothing', () => {
    const { config } = motionModulePreset('image').scheduler({ eta: 0.5, betaSchedule: undefined });
    expect(config).toMatchObject({ eta: 0.5, betaSchedule: 'scaled_linear' });
    const lightning = motionModulePreset('lightning').scheduler({ timestepSpacing: 'linspace' });
    expect(lightning.config).toMatchObject({ ...animateDiff, timestepSpacing: 'linspace' });
  });

  test.each(versions)('%s agrees with itself', (version) => {
    const preset = motionModulePreset(version);
    expect(contradictions(preset, preset.scheduler())).toEqual([]);
    expect(guidanceContradictions(preset, preset.guidanceScale)).toEqual([]);
  });
});

describe('a scheduler that is not what the weights were made for', () => {
  const messages = (version: PresetVersion, given: Parameters<typeof contradictions>[1]): string[] =>
    contradictions(motionModulePreset(version), given).map(({ code, message }) => {
      expect(code).toBe('scheduler-contradicts-module');
      return message;
    });

  test('of other noise: every difference is told, and what to expect', () => {
    expect(messages('v3', ddim({ betaSchedule: 'scaled_linear', betaEnd: 0.02 }))).toEqual([
      expect.stringMatching(
        /'ddim' has betaSchedule scaled_linear instead of linear, betaEnd 0.02 instead of 0.012, .* v3 .*expect/,
      ),
    ]);
    expect(messages('v1', ddim({ predictionType: 'v_prediction' }))).toEqual([
      expect.stringContaining('predictionType v_prediction instead of epsilon'),
    ]);
    expect(messages('image', ddim())).toEqual([
      expect.stringMatching(
        /betaSchedule linear instead of scaled_linear, which this model was trained with/,
      ),
    ]);
  });

  test('of another kind than they were distilled for', () => {
    expect(messages('animatelcm', ddim())).toEqual([
      expect.stringMatching(/sampler 'lcm'; with 'ddim' expect/),
    ]);
    expect(messages('lightning', lcm())).toEqual([
      expect.stringMatching(/sampler 'euler'; with 'lcm' expect/),
    ]);
    expect(messages('v2', euler())).toEqual([]);
  });

  test('at other timesteps than they were distilled on', () => {
    expect(messages('lightning', euler())).toEqual([
      expect.stringMatching(/trailing timesteps; with timestepSpacing 'linspace' expect/),
    ]);
    expect(messages('lightning', euler({ timestepSpacing: 'trailing' }))).toEqual([]);
  });

  test('in more than one way: each is told', () => {
    expect(messages('animatelcm', ddim({ betaSchedule: 'scaled_linear' }))).toHaveLength(2);
  });

  test("of one's own making, which tells nothing of its noise, is taken on trust", () => {
    expect(messages('v3', { ...ddim(), name: 'mine', config: {} })).toEqual([]);
  });
});

describe('more guidance than the weights bear', () => {
  test.each([
    ['animatelcm', 2, []],
    ['animatelcm', 7.5, [/guidanceScale 7.5 is more than 2, .*animatelcm.* expect/]],
    ['lightning', 1, []],
    ['lightning', 2, [/guidanceScale 2 is more than 1/]],
    ['v3', 30, []],
    ['image', 30, []],
  ] as const)('%s at %f', (version, guidanceScale, expected) => {
    expect(guidanceContradictions(motionModulePreset(version), guidanceScale)).toEqual(
      expected.map((message) => ({
        code: 'guidance-contradicts-module',
        message: expect.stringMatching(message),
      })),
    );
  });
});
