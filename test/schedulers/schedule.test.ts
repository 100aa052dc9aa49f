import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cumulativeAlphas } from '../../src/schedulers/noise-schedule.js';
import { roundHalfToEven, spacedTimesteps, timestepsOfStrength } from '../../src/schedulers/timesteps.js';

describe('noise schedules', () => {
  const sd15 = { numTrainTimesteps: 1000, betaStart: 0.00085, betaEnd: 0.012, rescaleBetasZeroSnr: false };

  // numpy: numpy.cumprod(1 - numpy.linspace(0.00085, 0.012, 1000))[[0, 500, 999]]
  test("linear, AnimateDiff's, which ComfyUI calls sqrt_linear", () => {
    const alphas = cumulativeAlphas({ ...sd15, betaSchedule: 'linear' });
    expect(alphas[0]).toBeCloseTo(0.99915, 6);
    expect(alphas[500]).toBeCloseTo(0.160772, 6);
    expect(alphas[999]).toBeCloseTo(0.00157896, 7);
  });

  // numpy: numpy.cumprod(1 - numpy.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000) ** 2)[999]
  test("scaled_linear, Stable Diffusion's, which ComfyUI calls linear", () => {
    expect(cumulativeAlphas({ ...sd15, betaSchedule: 'scaled_linear' })[999]).toBeCloseTo(0.0046601, 6);
  });

  test('falls all the way, and to exactly 0 when rescaled', () => {
    for (const betaSchedule of ['linear', 'scaled_linear', 'squaredcos_cap_v2'] as const) {
      const alphas = cumulativeAlphas({ ...sd15, betaSchedule });
      const rescaled = cumulativeAlphas({ ...sd15, betaSchedule, rescaleBetasZeroSnr: true });
      expect(alphas.every((alpha, i) => alpha > 0 && alpha < (alphas[i - 1] ?? 1))).toBe(true);
      expect(rescaled[0]).toBeCloseTo(alphas[0]!, 6);
      expect(rescaled[999]).toBe(0);
    }
  });
});

describe('timesteps', () => {
  const spaced = (
    steps: number,
    timestepSpacing: 'leading' | 'linspace' | 'trailing',
    stepsOffset = 0,
  ): number[] => spacedTimesteps(steps, { numTrainTimesteps: 1000, timestepSpacing, stepsOffset });

  test('of 25 steps are those that diffusers takes', () => {
    expect(spaced(25, 'leading', 1).slice(0, 3)).toEqual([961, 921, 881]);
    expect(spaced(25, 'linspace').slice(0, 4)).toEqual([999, 957, 916, 874]);
    expect(spaced(25, 'trailing').slice(0, 3)).toEqual([999, 959, 919]);
    expect(
      [spaced(25, 'leading', 1), spaced(25, 'linspace'), spaced(25, 'trailing')].map((all) => all.at(-1)),
    ).toEqual([1, 0, 39]);
  });

  test('round halves to the even neighbour, as numpy does', () => {
    expect([0.5, 1.5, 2.5, 62.5, 187.5, 1.4, 1.6].map(roundHalfToEven)).toEqual([0, 2, 2, 62, 188, 1, 2]);
    // numpy.round(numpy.arange(1000, 0, -1000 / 16)).astype(int) - 1
    expect(spaced(16, 'trailing').slice(0, 4)).toEqual([999, 937, 874, 811]);
  });

  test('fall from at most 999 to at least 0, as many as asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.constantFrom('leading' as const, 'linspace' as const, 'trailing' as const),
        (steps, spacing) => {
          const timesteps = spaced(steps, spacing);
          expect(timesteps).toHaveLength(steps);
          expect(timesteps[0]).toBeLessThanOrEqual(999);
          expect(timesteps.at(-1)).toBeGreaterThanOrEqual(0);
          expect(timesteps.every((timestep, i) => i === 0 || timestep < timesteps[i - 1]!)).toBe(true);
        },
      ),
    );
  });

  test('are refused when the model has too few levels', () => {
    expect(() => spaced(1001, 'linspace')).toThrow('steps: expected a whole number from 1 to 1000, got 1001');
    expect(() => spaced(1000, 'leading', 1)).toThrow(/from 1 to 999, got 1000/);
  });

  test('of a lower strength are the last ones', () => {
    expect(timestepsOfStrength([9, 7, 5, 3], 4, 1)).toEqual([9, 7, 5, 3]);
    expect(timestepsOfStrength([9, 7, 5, 3], 4, 0.7)).toEqual([5, 3]);
    expect(() => timestepsOfStrength([9, 7, 5, 3], 4, 0.2)).toThrow(/strength 0.2 of 4 steps leaves no step/);
  });
});
