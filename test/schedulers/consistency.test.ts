import { describe, expect, test } from 'vitest';
import type { RandomSource } from '../../src/core/random.js';
import { torchRandom } from '../../src/core/torch-random.js';
import { type LcmOptions, lcm } from '../../src/schedulers/lcm.js';
import { cumulativeAlphas } from '../../src/schedulers/noise-schedule.js';
import { type TcdOptions, tcd } from '../../src/schedulers/tcd.js';

const random = torchRandom(0);
const alphas = cumulativeAlphas({
  numTrainTimesteps: 1000,
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: 'linear',
  rescaleBetasZeroSnr: false,
});

describe('distilled models visit timesteps of the schedule that they were distilled on', () => {
  test.each([
    [100, 4, [999, 749, 499, 249]],
    [100, 6, [999, 839, 669, 499, 339, 169]],
    [100, 8, [999, 879, 749, 629, 499, 379, 249, 129]],
    [50, 4, [999, 759, 499, 259]],
  ])('of %i: in %i steps', (originalInferenceSteps, steps, timesteps) => {
    for (const scheduler of [lcm({ originalInferenceSteps }), tcd({ originalInferenceSteps })]) {
      expect(scheduler.start({ steps, strength: 1, random }).timesteps).toEqual(timesteps);
    }
  });

  test('or those that are given', () => {
    const run = lcm({ timesteps: [999, 500, 100] }).start({ steps: 3, strength: 0.7, random });
    expect(run.timesteps).toEqual([500, 100]);
  });
});

describe('lcm', () => {
  /** Of a sample 1 in which no noise is predicted. */
  const denoised = (timestep: number, options: LcmOptions = {}): number =>
    lcm({ ...options, timesteps: [timestep] })
      .start({ steps: 1, strength: 1, random })
      .step(Float32Array.of(0), Float32Array.of(1), 0).denoised[0]!;

  test('takes the prediction at high timesteps, the sample itself at timestep 0', () => {
    for (const timestep of [249, 499, 999]) {
      expect(denoised(timestep) * Math.sqrt(alphas[timestep]!)).toBeCloseTo(1, 6);
    }
    expect(denoised(0)).toBe(1);
  });

  test('mixes both in between: c_skip = ¼ / ((10 t)² + ¼), c_out = 10 t / √((10 t)² + ¼)', () => {
    const mixed = (time: number, alpha: number): number =>
      0.25 / (time ** 2 + 0.25) + time / Math.sqrt(time ** 2 + 0.25) / Math.sqrt(alpha);
    expect(denoised(1)).toBeCloseTo(mixed(10, alphas[1]!), 6);
    expect(denoised(1, { timestepScaling: 0.5 })).toBeCloseTo(mixed(0.5, alphas[1]!), 6);
  });

  test('noises its prediction anew for the next step, and not after the last', () => {
    const ones: RandomSource = { ...random, normal: (count) => new Float32Array(count).fill(1) };
    const run = lcm({ timesteps: [999, 499] }).start({ steps: 2, strength: 1, random: ones });
    const first = run.step(Float32Array.of(0), Float32Array.of(0), 0);
    expect(first.sample[0]).toBeCloseTo(Math.sqrt(1 - alphas[499]!), 6);
    const last = run.step(Float32Array.of(0), Float32Array.of(1), 1);
    expect(last.sample).toEqual(last.denoised);
  });
});

describe('tcd', () => {
  /** How much fresh noise the first of two steps adds. */
  const fresh = (options: TcdOptions): number => {
    const ones: RandomSource = { ...random, normal: (count) => new Float32Array(count).fill(1) };
    const run = tcd({ ...options, timesteps: [999, 500] }).start({ steps: 2, strength: 1, random: ones });
    return run.step(Float32Array.of(0), Float32Array.of(0), 0).sample[0]!;
  };

  test('adds the more noise the further past the next level it goes', () => {
    expect(fresh({ eta: 0 })).toBe(0);
    expect(fresh({ eta: 0.3 })).toBeCloseTo(Math.sqrt(1 - alphas[500]! / alphas[350]!), 6);
    expect(fresh({ eta: 1 })).toBeCloseTo(Math.sqrt(1 - alphas[500]! / alphas[0]!), 6);
  });
});
