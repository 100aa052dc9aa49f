import { describe, expect, test } from 'vitest';
import { torchRandom } from '../../src/core/torch-random.js';
import type { SamplingRun, Scheduler } from '../../src/schedulers/scheduler.js';
import { levelAt, samplers } from './support/samplers.js';

// A model that knows the clean latents tells the noise in its input exactly. Then every deterministic sampler, of
// whatever order and however few steps, goes down the same straight path: to the clean latents, or to what is left of
// the very noise that it started from.

const size = 64;
const clean = torchRandom(1)
  .normal(size)
  .map((value) => Math.min(Math.max(value / 3, -0.9), 0.9));
const noise = torchRandom(2).normal(size);

/** Level of the sample that the model sees at a step. Where the sampler scales inputs, by their scale. */
function trueLevel(run: SamplingRun, index: number): { signal: number; spread: number } {
  const scale = run.scaleInput(Float32Array.of(1), index)[0]!;
  return scale === 1 ? levelAt(run, index) : { signal: 1, spread: Math.sqrt(1 / scale ** 2 - 1) };
}

function knowingModel(
  run: SamplingRun,
  sample: Float32Array,
  index: number,
  predictionType: unknown,
): Float32Array {
  const { signal, spread } = trueLevel(run, index);
  const deviation = Math.sqrt(signal ** 2 + spread ** 2);
  return sample.map((x, i) => {
    const inIt = (x - signal * clean[i]!) / spread;
    if (predictionType === 'sample') return clean[i]!;
    return predictionType === 'epsilon' ? inIt : (signal * inIt - spread * clean[i]!) / deviation;
  });
}

function result(scheduler: Scheduler, steps: number): Float32Array {
  const run = scheduler.start({ steps, strength: 1, random: torchRandom(3) });
  const level = levelAt(run, 0);
  let sample: Float32Array = clean.map((x0, i) => level.signal * x0 + level.spread * noise[i]!);
  for (let index = 0; index < run.timesteps.length; index++) {
    const output = knowingModel(run, sample, index, scheduler.config['predictionType']);
    sample = run.step(output, sample, index).sample;
  }
  return sample;
}

/** Largest difference to clean latents with some of the first noise left. */
function distance(sample: Float32Array, signal = 1, spread = 0): number {
  return Math.max(...sample.map((value, i) => Math.abs(value - signal * clean[i]! - spread * noise[i]!)));
}

type Options = Readonly<Record<string, unknown>>;
type Sampling = readonly [sampler: string, options: Options];

const spacings = ['leading', 'linspace', 'trailing'].map((timestepSpacing) => ({ timestepSpacing }));
const rules: readonly Options[] = [
  {},
  { useKarrasSigmas: true },
  { useExponentialSigmas: true },
  { useBetaSigmas: true },
  { useLuLambdas: true },
];
const predictions = ['epsilon', 'v_prediction', 'sample'].map((predictionType) => ({ predictionType }));
const orders = [1, 2, 3].map((solverOrder) => ({ solverOrder }));
const types = (...all: string[]): Options[] => all.map((solverType) => ({ solverType }));

/** Every combination of choices. */
function all(sampler: string, ...choices: readonly (readonly Options[])[]): Sampling[] {
  return choices
    .reduce<Options[]>(
      (made, choice) => made.flatMap((one) => choice.map((each) => ({ ...one, ...each }))),
      [{}],
    )
    .map((options) => [sampler, options]);
}

// AnimateDiff's noise at timestep 0: ᾱ = 1 − 0.00085.
const [signal, spread] = [Math.sqrt(1 - 0.00085), Math.sqrt(0.00085)];
const lowest = { finalSigmasType: 'sigma_min' };

const stepCounts = [1, 2, 3, 7, 20, 50];

describe.each<[string, Sampling[]]>([
  ['ddim', all('ddim', spacings.slice(0, 2), predictions)],
  // Velocities it mixes before it reads the noise from them, as diffusers does, so those are not exact.
  ['pndm', all('pndm', [{ predictionType: 'epsilon' }, { predictionType: 'sample' }])],
  ['euler', all('euler', spacings, rules, predictions)],
  ['heun', all('heun', spacings, rules, predictions)],
  ['lms', all('lms', spacings, rules, predictions, [{ order: 1 }, { order: 4 }])],
  ['kdpm2', all('kdpm2', spacings, rules, predictions)],
  ['deis', all('deis', spacings, rules, predictions, orders, [{ finalSigmasType: 'zero' }])],
  ['dpmSolverMultistep', all('dpmSolverMultistep', spacings, rules, orders, types('midpoint', 'heun'))],
  ['dpmSolverSinglestep', all('dpmSolverSinglestep', spacings, rules, orders, types('midpoint', 'heun'))],
  ['uniPC', all('uniPC', spacings, rules, orders, types('bh1', 'bh2'))],
])('%s', (_, samplings) => {
  test.each(stepCounts)('lands on the clean latents in %i steps', (steps) => {
    for (const [sampler, options] of samplings) {
      const error = distance(result(samplers[sampler]!(options), steps));
      expect(error, JSON.stringify(options)).toBeLessThan(1e-4);
    }
  });
});

describe('stochastic samplers', () => {
  test.each<[string, Options]>([
    ['ddim', { eta: 1 }],
    ['ddpm', {}],
    ['eulerAncestral', {}],
    ['kdpm2Ancestral', {}],
    ['dpmSolverMultistep', { algorithmType: 'sde-dpmsolver++' }],
    ['dpmSolverSinglestep', { algorithmType: 'sde-dpmsolver++' }],
    ['lcm', {}],
  ])('%s land on them too, whatever noise they add: %o', (sampler, options) => {
    for (const steps of stepCounts) {
      expect(distance(result(samplers[sampler]!(options), steps)), `${steps} steps`).toBeLessThan(1e-4);
    }
  });
});

describe('samplers that end above zero leave just the noise of their last level', () => {
  test.each<[string, Sampling[]]>([
    ['ddim', all('ddim', [{ setAlphaToOne: false }], predictions)],
    [
      'pndm',
      all('pndm', [{ setAlphaToOne: false }], [{ predictionType: 'epsilon' }, { predictionType: 'sample' }]),
    ],
    ['tcd', all('tcd', [{ eta: 0 }], predictions)],
    ['deis', all('deis', spacings, rules, orders)],
    ['dpmSolverMultistep', all('dpmSolverMultistep', [lowest], spacings, rules, orders)],
    ['dpmSolverSinglestep', all('dpmSolverSinglestep', [lowest], spacings, rules, orders)],
    ['uniPC', all('uniPC', [lowest], spacings, rules, orders)],
  ])('%s', (_, samplings) => {
    for (const [sampler, options] of samplings) {
      // One step of a rule is its highest level and nothing below.
      const byRule = Object.values(options).includes(true);
      for (const steps of byRule ? stepCounts.slice(1) : stepCounts) {
        const error = distance(result(samplers[sampler]!(options), steps), signal, spread);
        expect(error, `${steps} steps, ${JSON.stringify(options)}`).toBeLessThan(1e-4);
      }
    }
  });

  // The signal keeps its factor 1.
  test.each(['sigma_min', 'log_linear'])('euler, %s', (how) => {
    const options = how === 'sigma_min' ? lowest : { interpolationType: how };
    for (const steps of stepCounts) {
      const error = distance(result(samplers['euler']!(options), steps), 1, spread / signal);
      expect(error, `${steps} steps`).toBeLessThan(1e-4);
    }
  });
});

// Over a step as long as σ 25 to 0.03 this equation magnifies float32's rounding some hundred times.
describe('samplers that solve the equation of the noise come near in a few steps, and land in more', () => {
  const ofNoise = { ...lowest, algorithmType: 'dpmsolver' };
  test.each<[string, Sampling[], number, number]>([
    ['dpmSolverMultistep', all('dpmSolverMultistep', [ofNoise], spacings, rules, orders), signal, spread],
    ['dpmSolverSinglestep', all('dpmSolverSinglestep', [ofNoise], spacings, rules, orders), signal, spread],
    ['uniPC', all('uniPC', [{ predictX0: false }], spacings, rules, orders, types('bh1', 'bh2')), 1, 0],
  ])('%s', (_, samplings, ...end) => {
    for (const [sampler, options] of samplings) {
      for (const steps of stepCounts.slice(1)) {
        const error = distance(result(samplers[sampler]!(options), steps), ...end);
        expect(error, `${steps} steps, ${JSON.stringify(options)}`).toBeLessThan(steps < 20 ? 5e-3 : 1e-4);
      }
    }
  });
});
