import { describe, expect, test } from 'vitest';
import { torchRandom } from '../../src/core/torch-random.js';
import { samplers } from './support/samplers.js';

type Options = Readonly<Record<string, unknown>>;

const byLevels = [
  'deis',
  'dpmSolverMultistep',
  'dpmSolverSinglestep',
  'euler',
  'eulerAncestral',
  'heun',
  'kdpm2',
  'kdpm2Ancestral',
  'lms',
  'uniPC',
];
const byTimesteps = ['ddim', 'ddpm', 'lcm', 'pndm', 'tcd'];

/** What is refused when a sampler is made, or at the latest when it starts. */
function refusal(sampler: string, options: Options, steps = 6): string {
  let message = 'nothing was refused';
  try {
    samplers[sampler]!(options).start({ steps, strength: 1, random: torchRandom(0) });
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-options' });
    message = (error as Error).message;
  }
  return message;
}

describe.each(byLevels)('%s refuses', (sampler) => {
  test.each([
    [['useKarrasSigmas', 'useExponentialSigmas']],
    [['useKarrasSigmas', 'useBetaSigmas']],
    [['useExponentialSigmas', 'useLuLambdas']],
    [['useKarrasSigmas', 'useExponentialSigmas', 'useBetaSigmas', 'useLuLambdas']],
  ])('two rules for its levels: %s', (rules) => {
    const options = Object.fromEntries(rules.map((rule) => [rule, true]));
    expect(refusal(sampler, options)).toMatch(
      `${sampler}: ${rules.join(' and ')} each choose the noise levels`,
    );
  });

  test('a rule and timesteps, a rule and levels, timesteps and levels', () => {
    const [timesteps, sigmas] = [
      [900, 500],
      [9, 2, 0],
    ];
    expect(refusal(sampler, { timesteps, useKarrasSigmas: true })).toMatch('useKarrasSigmas and timesteps');
    expect(refusal(sampler, { sigmas, useLuLambdas: true })).toMatch('useLuLambdas and sigmas');
    expect(refusal(sampler, { timesteps, sigmas })).toMatch('timesteps and sigmas');
  });

  test('another number of steps than its own schedule has', () => {
    expect(refusal(sampler, { sigmas: [9, 2, 0] })).toMatch(
      'sigmas makes 2 steps, but 6 were asked for; set numInferenceSteps to 2',
    );
    expect(refusal(sampler, { timesteps: [900, 500, 100] })).toMatch(
      'timesteps makes 3 steps, but 6 were asked for; set numInferenceSteps to 3',
    );
  });

  test('levels and timesteps that do not fall', () => {
    expect(refusal(sampler, { sigmas: [9, 2, 2, 0] })).toMatch('sigmas[2]');
    expect(refusal(sampler, { timesteps: [100, 500] }, 2)).toMatch('timesteps[1] is 500');
    expect(refusal(sampler, { timesteps: [1000] }, 1)).toMatch(/timesteps\[0\] is 1000; .* below 1000/);
  });

  test('a range without a rule, or upside down', () => {
    expect(refusal(sampler, { sigmaMin: 0.1 })).toMatch(/sigmaMin and sigmaMax belong to a rule/);
    expect(refusal(sampler, { sigmaMax: 9, timesteps: [900] })).toMatch(/sigmaMin and sigmaMax/);
    expect(refusal(sampler, { useKarrasSigmas: true, sigmaMin: 9, sigmaMax: 2 })).toMatch(
      'sigmaMin 9 is not below sigmaMax 2',
    );
  });
});

describe.each(byTimesteps)('%s refuses', (sampler) => {
  test('timesteps that are not whole, do not fall, or are too many', () => {
    expect(refusal(sampler, { timesteps: [500, 99.5] }, 2)).toMatch('timesteps[1] is 99.5; expected whole');
    expect(refusal(sampler, { timesteps: [500, 500] }, 2)).toMatch('timesteps[1] is 500');
    expect(refusal(sampler, { timesteps: [1000] }, 1)).toMatch(/timesteps\[0\] is 1000; .* below 1000/);
    expect(refusal(sampler, { timesteps: [500, 100] })).toMatch(
      'timesteps makes 2 steps, but 6 were asked for',
    );
  });

  test('rules for levels, which it does not have', () => {
    expect(refusal(sampler, { useKarrasSigmas: true })).toMatch('Unrecognized key: "useKarrasSigmas"');
  });

  test('to tell the noise in what is nothing but noise, with a way out', () => {
    const options =
      byTimesteps.slice(0, 2).includes(sampler) || sampler === 'pndm' ? { timestepSpacing: 'trailing' } : {};
    expect(refusal(sampler, { ...options, rescaleBetasZeroSnr: true })).toMatch(
      sampler === 'pndm'
        ? /rescaleBetasZeroSnr .* starts from pure noise.* ddim, or leading/
        : /rescaleBetasZeroSnr .* predictionType 'epsilon' .*'v_prediction'/,
    );
  });
});

describe('solvers of the equation of the noise refuse', () => {
  test.each(['dpmSolverMultistep', 'dpmSolverSinglestep'])('to end without any: %s', (sampler) => {
    const message = /algorithmType 'dpmsolver' cannot end without noise; set finalSigmasType to 'sigma_min'/;
    expect(refusal(sampler, { algorithmType: 'dpmsolver' })).toMatch(message);
    expect(
      refusal(sampler, { algorithmType: 'dpmsolver', finalSigmasType: 'sigma_min', sigmas: [9, 2, 0] }),
    ).toMatch(message);
  });

  test('an order or a form that the stochastic one does not have', () => {
    const options = { algorithmType: 'sde-dpmsolver', finalSigmasType: 'sigma_min' };
    expect(refusal('dpmSolverMultistep', { ...options, solverOrder: 3 })).toMatch(
      /'sde-dpmsolver' has no order 3/,
    );
    expect(refusal('dpmSolverSinglestep', options)).toMatch(
      /'sde-dpmsolver' exists for dpmSolverMultistep only/,
    );
  });
});

describe('every sampler refuses', () => {
  test.each(Object.keys(samplers))('%s: what it does not know, all told at once', (sampler) => {
    const message = refusal(sampler, { betaSchedule: 'sqrt_linear', betaStart: 2, steps: 25, karras: true });
    expect(message).toMatch(new RegExp(`^${sampler}: `));
    expect(message).toMatch(/betaSchedule.*Unrecognized keys?: .*"steps", "karras"/);
    expect(message).toMatch(/betaStart/);
  });

  test.each(Object.keys(samplers))('%s: two numbers of training timesteps', (sampler) => {
    const trainedBetas = Array.from({ length: 100 }, () => 0.01);
    expect(refusal(sampler, { trainedBetas, numTrainTimesteps: 1000 })).toMatch(
      'trainedBetas has 100 levels, but numTrainTimesteps is 1000; leave it out',
    );
    expect(refusal(sampler, { trainedBetas })).toBe('nothing was refused');
    expect(refusal(sampler, { trainedBetas, numTrainTimesteps: 100 })).toBe('nothing was refused');
  });

  test.each<[string, Options, RegExp]>([
    ['ddim', { eta: 2 }, /eta/],
    ['ddim', { sampleMaxValue: 0.5 }, /sampleMaxValue/],
    ['ddpm', { varianceType: 'learned' }, /varianceType/],
    ['euler', { clipSample: true }, /Unrecognized key: "clipSample"/],
    ['euler', { sChurn: -1 }, /sChurn/],
    ['lms', { order: 5 }, /order/],
    ['deis', { solverOrder: 4 }, /solverOrder/],
    ['uniPC', { solverType: 'midpoint' }, /solverType/],
    ['lcm', { originalInferenceSteps: 0 }, /originalInferenceSteps/],
    ['tcd', { eta: -0.1 }, /eta/],
    ['pndm', { numTrainTimesteps: 1e9 }, /numTrainTimesteps/],
    ['heun', { betaStart: 0 }, /betaStart/],
  ])('%s: %o', (sampler, options, message) => {
    expect(refusal(sampler, options)).toMatch(message);
  });
});

test('options that are undefined are as good as left out', () => {
  const given = { timesteps: undefined, trainedBetas: undefined, betaSchedule: undefined };
  for (const [name, make] of Object.entries(samplers)) {
    expect(JSON.stringify(make(given).config), name).toBe(JSON.stringify(make().config));
  }
});

test('a configuration cannot be changed, and makes the same sampler again', () => {
  for (const make of Object.values(samplers)) {
    const { config } = make();
    expect(Object.isFrozen(config)).toBe(true);
    expect(make(config).config).toEqual(config);
  }
});
