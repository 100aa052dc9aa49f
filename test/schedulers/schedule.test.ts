import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { torchRandom } from '../../src/core/torch-random.js';
import { betaQuantile } from '../../src/schedulers/beta-distribution.js';
import { euler } from '../../src/schedulers/euler.js';
import { cumulativeAlphas } from '../../src/schedulers/noise-schedule.js';
import { type SigmaSpacing, spacedSigmas } from '../../src/schedulers/sigma-spacing.js';
import { trainingSigmas } from '../../src/schedulers/sigmas.js';
import { keptSteps, roundHalfToEven, spacedTimesteps } from '../../src/schedulers/timesteps.js';

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
    const sdxl = cumulativeAlphas({ ...sd15, betaSchedule: 'scaled_linear', betaEnd: 0.02 });
    expect(sdxl[999]).toBeCloseTo(0.00023001, 7);
  });

  // √((1 − ᾱ) / ᾱ) of the last timestep: what samplers of the k-diffusion kind start from.
  test.each([
    ['linear', 0.012, 25.146],
    ['scaled_linear', 0.012, 14.615],
    ['scaled_linear', 0.02, 65.93],
  ] as const)('%s up to β %f has the highest σ %f', (betaSchedule, betaEnd, highest) => {
    const sigmas = trainingSigmas(cumulativeAlphas({ ...sd15, betaSchedule, betaEnd }));
    expect(sigmas[999]! / highest).toBeCloseTo(1, 4);
    const random = torchRandom(0);
    const options = { betaSchedule, betaEnd };
    expect(euler(options).start({ steps: 25, strength: 1, random }).initialSigma).toBe(sigmas[999]);
  });

  test('can be the betas of a model, one a level', () => {
    const trainedBetas = [0.1, 0.2, 0.3];
    const alphas = cumulativeAlphas({ ...sd15, betaSchedule: 'linear', trainedBetas });
    for (const [i, alpha] of [0.9, 0.72, 0.504].entries()) expect(alphas[i]).toBeCloseTo(alpha, 6);
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
    expect([keptSteps(4, 1), keptSteps(4, 0.7), keptSteps(10, 0.75)]).toEqual([4, 2, 7]);
    expect(() => keptSteps(4, 0.2)).toThrow(/strength 0.2 of 4 steps leaves no step/);
  });
});

describe('noise levels by a rule', () => {
  const levels = (spacing: SigmaSpacing): readonly number[] => spacedSigmas(spacing, 16, 1, 5);

  test('reach from the highest to the lowest', () => {
    for (const spacing of ['karras', 'exponential', 'beta', 'lu'] as const) {
      expect(levels(spacing)[0]).toBeCloseTo(16, 10);
      expect(levels(spacing).at(-1)).toBeCloseTo(1, 10);
    }
  });

  test('are even in the seventh root, in the logarithm, or dense at both ends', () => {
    const [a, b, c] = levels('karras').map((sigma) => sigma ** (1 / 7));
    expect(a! - b!).toBeCloseTo(b! - c!, 10);
    for (const spacing of ['exponential', 'lu'] as const) {
      expect(levels(spacing).map((sigma) => Math.log2(sigma))).toEqual(
        [4, 3, 2, 1, 0].map((log) => expect.closeTo(log, 10)),
      );
    }
    const gaps = levels('beta').map((sigma, i, all) => sigma - (all[i + 1] ?? Number.NaN));
    expect(gaps[0]).toBeLessThan(gaps[1]!);
    expect(gaps[3]).toBeLessThan(gaps[2]!);
  });

  // scipy.stats.beta.ppf([0.01, 0.25, 0.5, 0.9], 0.6, 0.6)
  test('follow the beta distribution with both parameters 0.6', () => {
    const known = [0.01, 0.25, 0.5, 0.9].map((share) => betaQuantile(share, 0.6));
    expect(known).toEqual(
      [0.0008612388215, 0.1756803786527, 0.5, 0.9604155944112].map((value) => expect.closeTo(value, 9)),
    );
  });
});
