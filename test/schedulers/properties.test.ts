import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { torchRandom } from '../../src/core/torch-random.js';
import type { SamplingRun, Scheduler } from '../../src/schedulers/scheduler.js';
import { samplers, sigmasOf } from './support/samplers.js';

type Options = Readonly<Record<string, unknown>>;

const discrete = ['ddim', 'ddpm', 'pndm'];
const continuous = ['euler', 'eulerAncestral', 'heun', 'kdpm2', 'kdpm2Ancestral', 'lms'];
const solvers = ['deis', 'dpmSolverMultistep', 'dpmSolverSinglestep', 'uniPC'];
const distilled = ['lcm', 'tcd'];
/** Evaluate each level twice, or between two. */
const twofold = ['heun', 'kdpm2', 'kdpm2Ancestral'];

const spacings = ['leading', 'linspace', 'trailing'];
const rules = ['', 'useKarrasSigmas', 'useExponentialSigmas', 'useBetaSigmas', 'useLuLambdas'];
const stepCounts = [1, 2, 3, 50, 999];

const schedules: readonly (readonly [sampler: string, spacing: string, rule: string])[] = [
  ...discrete.flatMap((sampler) => spacings.map((spacing) => [sampler, spacing, ''] as const)),
  ...[...continuous, ...solvers].flatMap((sampler) =>
    spacings.flatMap((spacing) => rules.map((rule) => [sampler, spacing, rule] as const)),
  ),
];

/** Leading solvers take one interval more than steps, and the offset. */
function refuses999(sampler: string, spacing: string, rule: string): boolean {
  return solvers.includes(sampler) && spacing === 'leading' && rule === '';
}

function evaluations(sampler: string, steps: number): number {
  if (twofold.includes(sampler)) return 2 * steps - 1;
  return sampler === 'pndm' && steps > 1 ? steps + 1 : steps;
}

function start(scheduler: Scheduler, steps: number, strength = 1): SamplingRun {
  return scheduler.start({ steps, strength, random: torchRandom(1) });
}

/** Runs on with any model, and looks at every number. */
function checkFinite(run: SamplingRun): void {
  let sample: Float32Array = torchRandom(2)
    .normal(4)
    .map((value) => value * run.initialSigma);
  for (const [index, timestep] of run.timesteps.entries()) {
    const output = run.scaleInput(sample, index).map((x) => Math.tanh(0.8 * x + Math.sin(timestep / 90)));
    const step = run.step(output, sample, index);
    expect([index, ...step.sample, ...step.denoised].every(Number.isFinite)).toBe(true);
    sample = step.sample;
  }
}

function checkFalls(values: readonly number[], slack: number): void {
  const rising = values.findIndex((value, i) => i > 0 && !(value <= values[i - 1]! + slack));
  expect(rising, `value ${rising} of ${values.slice(Math.max(rising - 2, 0), rising + 2)}`).toBe(-1);
}

describe.each(schedules)('%s with %s timesteps %s', (sampler, timestepSpacing, rule) => {
  const scheduler = samplers[sampler]!({ timestepSpacing, ...(rule ? { [rule]: true } : {}) });
  const fitting = refuses999(sampler, timestepSpacing, rule) ? stepCounts.slice(0, -1) : stepCounts;

  test.each(fitting)('falls through %i steps, finite', (steps) => {
    const run = start(scheduler, steps);
    expect(run.timesteps).toHaveLength(evaluations(sampler, steps));
    // Where Karras' and Lu's timesteps are rounded, those in the middle of a step are not.
    const rounds = sampler.startsWith('kdpm2') && ['useKarrasSigmas', 'useLuLambdas'].includes(rule);
    checkFalls(run.timesteps, rounds ? 0.5 : 1e-3);
    const sigmas = sigmasOf(run);
    checkFalls(sigmas, 0);
    const repeated = twofold.includes(sampler) || sampler === 'pndm';
    expect(new Set(sigmas).size).toBe(repeated ? steps : sigmas.length);
    expect(sigmas.at(-1)).toBeGreaterThan(0);
    checkFinite(run);
  });
});

test.each(schedules.filter((schedule) => refuses999(...schedule)))(
  '%s with %s timesteps refuses 999 steps',
  (sampler, timestepSpacing) => {
    expect(() => start(samplers[sampler]!({ timestepSpacing }), 999)).toThrow(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringMatching(/999 steps/) }),
    );
  },
);

describe.each(distilled)('%s', (sampler) => {
  test.each([
    [50, [1, 2, 3, 50], [51, 999]],
    [100, [1, 4, 6, 8, 100], [101]],
    [999, [1, 999], [1000]],
    [1000, [1000], [1001]],
  ])('takes up to as many steps as the %i it was distilled on', (originalInferenceSteps, fit, refused) => {
    const scheduler = samplers[sampler]!({ originalInferenceSteps });
    for (const steps of fit) {
      const run = start(scheduler, steps);
      expect(run.timesteps).toHaveLength(steps);
      checkFalls(run.timesteps, -1);
      checkFalls(sigmasOf(run), 0);
      checkFinite(run);
    }
    for (const steps of refused) {
      expect(() => start(scheduler, steps)).toThrow(
        expect.objectContaining({
          code: 'invalid-options',
          message: expect.stringContaining('originalInferenceSteps'),
        }),
      );
    }
  });
});

test.each([...discrete, ...continuous, ...solvers])(
  '%s refuses more steps than there are levels',
  (sampler) => {
    expect(() => start(samplers[sampler]!({ numTrainTimesteps: 10 }), 11)).toThrow(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringMatching(/11/) }),
    );
  },
);

describe.each(solvers)('%s stays finite', (sampler) => {
  const types = sampler === 'uniPC' ? ['bh1', 'bh2'] : ['midpoint', 'heun'];
  const algorithms: readonly Options[] =
    sampler === 'deis'
      ? [{}]
      : sampler === 'uniPC'
        ? types.flatMap((solverType) => [true, false].map((predictX0) => ({ solverType, predictX0 })))
        : types.flatMap((solverType) =>
            ['dpmsolver', 'dpmsolver++', 'sde-dpmsolver++'].map((algorithmType) => ({
              solverType,
              algorithmType,
            })),
          );
  const ends = (algorithm: Options): string[] =>
    algorithm['algorithmType'] === 'dpmsolver' ? ['sigma_min'] : ['zero', 'sigma_min'];

  test.each(rules)('in every order, to either end %s', (rule) => {
    for (const algorithm of algorithms) {
      for (const finalSigmasType of ends(algorithm)) {
        for (const solverOrder of [1, 2, 3]) {
          for (const lowerOrderFinal of [true, false]) {
            const options = { ...algorithm, finalSigmasType, solverOrder, lowerOrderFinal };
            const scheduler = samplers[sampler]!({ ...options, ...(rule ? { [rule]: true } : {}) });
            for (const steps of [1, 2, 3, 7, 20]) {
              try {
                checkFinite(start(scheduler, steps));
              } catch (error) {
                throw new Error(`${JSON.stringify(options)}, ${steps} steps`, { cause: error });
              }
            }
          }
        }
      }
    }
  });
});

test.each(Object.keys(samplers).filter((sampler) => sampler !== 'pndm'))(
  '%s starts from pure noise when it predicts velocities',
  (sampler) => {
    const trained = { rescaleBetasZeroSnr: true, predictionType: 'v_prediction' };
    const choices = distilled.includes(sampler)
      ? [{}]
      : spacings.map((timestepSpacing) => ({ timestepSpacing }));
    for (const choice of choices) {
      for (const steps of [1, 2, 3, 25]) {
        checkFinite(start(samplers[sampler]!({ ...trained, ...choice }), steps));
      }
    }
  },
);

describe('a strength below 1 keeps the last steps of', () => {
  test.each(Object.keys(samplers))('%s', (sampler) => {
    const scheduler = samplers[sampler]!({});
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 50 }),
        fc.double({ min: 0.3, max: 1, noNaN: true }),
        (steps, strength) => {
          const [whole, part] = [start(scheduler, steps), start(scheduler, steps, strength)];
          const kept = Math.trunc(steps * strength);
          expect(part.timesteps).toHaveLength(evaluations(sampler, kept));
          // PNDM visits its second timestep twice, wherever it starts.
          const distinct = (run: SamplingRun): number[] =>
            sampler === 'pndm' ? [...new Set(run.timesteps)] : [...run.timesteps];
          const expected = distinct(whole).slice(-distinct(part).length);
          expect(distinct(part)).toEqual(expected);
          expect(part.initialSigma).toBe(whole.initialSigma);
          const first = whole.timesteps.indexOf(part.timesteps[0]!);
          expect(sigmasOf(part)[0]).toBe(sigmasOf(whole)[first]);
        },
      ),
      { numRuns: 20 },
    );
  });
});
