import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RandomSource } from '../../src/core/random.js';
import { torchRandom } from '../../src/core/torch-random.js';
import { ddim } from '../../src/schedulers/ddim.js';
import type { SamplingRun } from '../../src/schedulers/scheduler.js';
import { schedulerFromConfig } from '../../src/schedulers/scheduler-config.js';
import { schedulerConformance } from '../../src/testing/scheduler-conformance.js';

interface Case {
  name: string;
  config: Record<string, unknown>;
  num_inference_steps: number;
  timesteps: number[];
  step_args: { eta?: number };
  noise_draws: number;
  add_noise_timestep: number;
  tensors: Record<string, number>;
}

const fixture = (name: string): URL => new URL(`../fixtures/${name}`, import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(fixture('schedulers-ddim.json'), 'utf8'));
const numbers = new Float32Array(new Uint8Array(readFileSync(fixture('schedulers-ddim.f32'))).buffer);

describe.each(cases)('like diffusers: $name', (reference) => {
  const tensor = (name: string): Float32Array => {
    const first = reference.tensors[name]!;
    return numbers.subarray(first, first + 72);
  };
  const read = schedulerFromConfig({ _class_name: 'DDIMScheduler', ...reference.config }).scheduler;
  const scheduler = ddim({ ...read.config, ...reference.step_args });
  const start = (random: RandomSource): SamplingRun =>
    scheduler.start({ steps: reference.num_inference_steps, strength: 1, random });

  test('the timesteps are the same', () => {
    expect(start(torchRandom(0)).timesteps).toEqual(reference.timesteps);
  });

  test('every step and model input is the same', () => {
    const draws: Float32Array[] = Array.from({ length: reference.noise_draws }, (_, i) =>
      tensor(`noise${i}`),
    );
    const run = start({
      normal: () => draws.shift()!,
      state: () => ({ kind: 'recorded', words: [], extra: [] }),
    });
    let sample = tensor('start');
    for (const [index, timestep] of run.timesteps.entries()) {
      const input = run.scaleInput(sample, index);
      expect(relativeError(input, tensor(`input${index}`))).toBeLessThan(1e-5);
      const output = input.map((x) => Math.tanh(0.8 * x + 0.3 * Math.sin(timestep / 90)));
      sample = run.step(output, sample, index).sample;
      expect(relativeError(sample, tensor(`step${index}`))).toBeLessThan(1e-5);
    }
    expect(draws).toHaveLength(0);
  });

  test('clean latents are noised the same', () => {
    const run = start(torchRandom(0));
    const index = run.timesteps.indexOf(reference.add_noise_timestep);
    const noised = run.addNoise(tensor('add_noise.sample'), tensor('add_noise.noise'), index);
    expect(relativeError(noised, tensor('add_noise.out'))).toBeLessThan(1e-5);
  });
});

// Six trailing steps end at timestep 166; diffusers' stride of 166 takes the last one to timestep 0 rather than past it,
// so it keeps that level's noise.
describe.each([
  ['as AnimateDiff uses it', () => ddim(), {}],
  ['with noise at every step', () => ddim({ eta: 0.7 }), {}],
  ['ending with the noise of the first level', () => ddim({ setAlphaToOne: false }), { endsClean: false }],
  [
    'from pure noise',
    () => ddim({ predictionType: 'v_prediction', rescaleBetasZeroSnr: true, timestepSpacing: 'trailing' }),
    { endsClean: false },
  ],
  ['predicting clean latents, thresholded', () => ddim({ predictionType: 'sample', thresholding: true }), {}],
  ['on a cosine schedule, clipped', () => ddim({ betaSchedule: 'squaredcos_cap_v2', clipSample: true }), {}],
] as const)('ddim %s keeps the contract:', (_, make, options) => {
  test.each(schedulerConformance(make, options))('$name', ({ run }) => run());
});

describe('ddim', () => {
  test('is set up for AnimateDiff unless told otherwise', () => {
    expect(ddim().config).toEqual({
      numTrainTimesteps: 1000,
      betaStart: 0.00085,
      betaEnd: 0.012,
      betaSchedule: 'linear',
      rescaleBetasZeroSnr: false,
      clipSample: false,
      clipSampleRange: 1,
      setAlphaToOne: true,
      stepsOffset: 1,
      predictionType: 'epsilon',
      timestepSpacing: 'leading',
      eta: 0,
      thresholding: false,
      dynamicThresholdingRatio: 0.995,
      sampleMaxValue: 1,
    });
  });

  test('leaves out the first steps below strength 1, as image-to-image does', () => {
    const run = ddim().start({ steps: 10, strength: 0.75, random: torchRandom(0) });
    expect(run.timesteps).toEqual([601, 501, 401, 301, 201, 101, 1]);
  });

  test('without setAlphaToOne leaves the noise of timestep 0 in the result', () => {
    const leftover = (setAlphaToOne: boolean): number => {
      const run = ddim({ setAlphaToOne }).start({ steps: 1, strength: 1, random: torchRandom(0) });
      const { sample, denoised } = run.step(Float32Array.of(1), Float32Array.of(0), 0);
      return Math.abs(sample[0]! - denoised[0]! * Math.sqrt(setAlphaToOne ? 1 : 1 - 0.00085));
    };
    expect(leftover(true)).toBe(0);
    expect(leftover(false)).toBeCloseTo(Math.sqrt(0.00085), 5);
  });

  test('lists every wrong option at once', () => {
    const wrong = { betaSchedule: 'sqrt_linear', eta: 2, steps: 25 } as never;
    expect(() => ddim(wrong)).toThrow(/^ddim: betaSchedule: .*; eta: .*; Unrecognized key: "steps"$/);
  });

  test('refuses to start a noise prediction from pure noise, with a way out', () => {
    const scheduler = ddim({ rescaleBetasZeroSnr: true, timestepSpacing: 'trailing' });
    expect(() => scheduler.start({ steps: 5, strength: 1, random: torchRandom(0) })).toThrow(/v_prediction/);
  });

  test('resumes with the source of noise that the caller rebuilds', () => {
    const scheduler = ddim({ eta: 1 });
    const zeros = {
      normal: (count: number) => new Float32Array(count),
      state: () => ({ kind: 'zeros', words: [], extra: [] }),
    };
    const state = scheduler.start({ steps: 3, strength: 1, random: zeros }).state();
    expect(() => scheduler.resume({ steps: 3, strength: 1 }, state)).toThrow(/random state/);
    const resumed = scheduler.resume({ steps: 3, strength: 1, restoreRandom: () => zeros }, state);
    expect(resumed.state()).toEqual(state);
  });

  test('refuses to resume a run of another length', () => {
    const state = ddim()
      .start({ steps: 3, strength: 1, random: torchRandom(0) })
      .state();
    expect(() => ddim().resume({ steps: 4, strength: 1 }, state)).toThrow(
      /step 0 of 3 .* this run has 4 steps/,
    );
  });
});

/** Largest difference in units of the reference's standard deviation. */
function relativeError(values: Float32Array, reference: Float32Array): number {
  const mean = reference.reduce((sum, value) => sum + value, 0) / reference.length;
  const spread = Math.sqrt(reference.reduce((sum, value) => sum + (value - mean) ** 2, 0) / reference.length);
  return Math.max(...values.map((value, i) => Math.abs(value - reference[i]!))) / spread;
}
