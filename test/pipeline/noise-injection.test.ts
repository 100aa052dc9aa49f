import {
  type AnimateDiffPipeline,
  ddim,
  euler,
  float32Tensor,
  type GenerateOptions,
  heun,
  type SamplingRun,
  type Scheduler,
  torchRandom,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NoiseInjection, withNoiseInjection } from '../../src/pipeline/noise-injection.js';
import { schedulerConformance } from '../../src/testing/scheduler-conformance.js';
import { levelAt, samplers } from '../schedulers/support/samplers.js';
import { loadTiny } from '../support/tiny-model.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

const injection: NoiseInjection = { at: [0.3, 0.7], strength: 0.6 };
const size = 64;
const clean = torchRandom(1)
  .normal(size)
  .map((value) => Math.min(Math.max(value / 3, -0.9), 0.9));

/** A model that knows the clean latents, and so tells exactly what is noise. */
function knowing(run: SamplingRun, sample: Float32Array, index: number): Float32Array {
  const { signal, spread } = trueLevel(run, index);
  return sample.map((x, i) => (x - signal * clean[i]!) / spread);
}

function trueLevel(run: SamplingRun, index: number): { signal: number; spread: number } {
  const scale = run.scaleInput(Float32Array.of(1), index)[0]!;
  return scale === 1 ? levelAt(run, index) : { signal: 1, spread: Math.sqrt(1 / scale ** 2 - 1) };
}

function recovered(scheduler: Scheduler, strength = 1): Float32Array {
  const run = scheduler.start({ steps: 10, strength, random: torchRandom(3) });
  let sample = run.addNoise(clean, torchRandom(2).normal(size), 0);
  for (let index = 0; index < run.timesteps.length; index++) {
    sample = run.step(knowing(run, sample, index), sample, index).sample;
  }
  return sample;
}

const noisyEnd = ['deis', 'pndm', 'tcd'];
const betweenLevels = ['kdpm2', 'kdpm2Ancestral'];

describe.each(Object.entries(samplers))('%s with noise injected', (name, make) => {
  const flags = { endsClean: !noisyEnd.includes(name), exactDenoised: !betweenLevels.includes(name) };
  test.each(schedulerConformance(() => withNoiseInjection(make(), injection), flags))('$name', ({ run }) =>
    run(),
  );

  test.each([1, 0.6])('finds the clean latents as well as without, at strength %s', (strength) => {
    const distance = (scheduler: Scheduler): number =>
      Math.max(...recovered(scheduler, strength).map((value, i) => Math.abs(value - clean[i]!)));
    const injected = withNoiseInjection(make(), { at: [0.2, 0.4, 0.75], strength: 0.7 });
    expect(distance(injected)).toBeLessThan(1.5 * distance(make()) + 1e-4);
  });
});

describe('the exchanged noise', () => {
  test.each([0.3, 1])('at strength %s has the variance of the old, at the level of the step', (strength) => {
    const count = 20_000;
    const scheduler = withNoiseInjection(ddim(), { at: 0.5, strength });
    const run = scheduler.start({ steps: 4, strength: 1, random: torchRandom(5) });
    const x0 = new Float32Array(count).fill(0.5);
    const old = torchRandom(6).normal(count);
    let sample = run.addNoise(x0, old, 0);
    for (let index = 0; index < 2; index++) {
      const { signal, spread } = levelAt(run, index);
      sample = run.step(
        sample.map((x) => (x - signal * 0.5) / spread),
        sample,
        index,
      ).sample;
    }
    const { signal, spread } = levelAt(run, 2);
    const noise = sample.map((x) => (x - signal * 0.5) / spread);
    const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / count;
    expect(mean(noise)).toBeCloseTo(0, 1);
    expect(mean(noise.map((value) => value ** 2))).toBeCloseTo(1, 1);
    expect(mean(noise.map((value, i) => value * old[i]!))).toBeCloseTo(Math.sqrt(1 - strength ** 2), 1);
  });
});

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

const run = async (options: Partial<GenerateOptions>) =>
  eventsOf(pipeline.stream({ ...small, numInferenceSteps: 4, ...options }));

describe('noiseInjection', () => {
  test('mixes the noise that the seed gives next into the latents after a step', async () => {
    const [plain, injected] = [
      ofType(await run({}), 'step-end'),
      ofType(await run({ noiseInjection: { at: 0.5, strength: 0.6 } }), 'step-end'),
    ];
    expect(injected.map(({ timestep }) => timestep)).toEqual(plain.map(({ timestep }) => timestep));
    expect(injected[0]!.latents).toEqual(plain[0]!.latents);
    const { latents, denoised } = plain[1]!;
    const random = torchRandom(small.seed);
    random.normal(latents.data.length);
    const fresh = random.normal(latents.data.length);
    const reference = ddim().start({ steps: 4, strength: 1, random });
    const pure = reference.addNoise(denoised.data, new Float32Array(fresh.length), 2);
    const added = reference.addNoise(new Float32Array(fresh.length), fresh, 2);
    const expected = latents.data.map((x, i) => pure[i]! + 0.8 * (x - pure[i]!) + 0.6 * added[i]!);
    expect(injected[1]!.latents.data).toBeRelativelyCloseTo(expected, 1e-5);
    expect(injected[1]!.denoised).toEqual(denoised);
    expect(injected[2]!.latents).not.toEqual(plain[2]!.latents);
  });

  test('at strength 0, and where there is no step to stand behind, changes nothing', async () => {
    const plain = animationOf(await run({})).latents.data;
    const nothing = animationOf(await run({ noiseInjection: { at: [0.25, 0.5], strength: 0 } })).latents.data;
    expect(nothing).toBeRelativelyCloseTo(plain, 1e-5);
    expect(animationOf(await run({ noiseInjection: { at: [0.05, 0.99] } })).latents.data).toEqual(plain);
  });

  test.each<[string, Partial<GenerateOptions>]>([
    ['ddim', {}],
    ['a sampler of two evaluations', { scheduler: heun }],
    [
      'windows and FreeInit',
      { numFrames: 5, context: { length: 3, overlap: 1 }, freeInit: { iterations: 2 } },
    ],
    [
      'video',
      {
        video: [{ width: 32, height: 32, data: new Uint8ClampedArray(4096).fill(99) }],
        strength: 0.8,
        scheduler: euler,
      },
    ],
    ['latents', { latents: float32Tensor(torchRandom(1).normal(192), [1, 4, 3, 4, 4]) }],
  ])('with %s goes on from any step, bit for bit', async (_, options) => {
    const noiseInjection = { at: [0.3, 0.6], strength: 0.5 };
    const events = await run({ ...options, noiseInjection, checkpointEvery: 1 });
    const { latents } = animationOf(events);
    const checkpoints = ofType(events, 'checkpoint');
    expect(checkpoints.length).toBeGreaterThan(2);
    for (const { state } of checkpoints) {
      const again = pipeline.resume(structuredClone(state), { scheduler: options.scheduler });
      expect(animationOf(await eventsOf(again)).latents).toEqual(latents);
    }
  });

  test('needs a sampler that can begin in the middle', async () => {
    const wayward: Scheduler = {
      ...ddim(),
      start: (request) => {
        const whole = ddim().start(request);
        return request.strength === 1 ? whole : { ...whole, addNoise: (x) => x };
      },
    };
    const started = run({ scheduler: wayward, noiseInjection: { at: 0.5 } });
    await expect(started).rejects.toThrow(
      /noiseInjection: 'ddim' begins in the middle .* use another scheduler/,
    );
  });

  test.each<[unknown, RegExp]>([
    [{ at: 0 }, /noiseInjection/],
    [{ at: [] }, /noiseInjection/],
    [{ at: 0.5, strength: 2 }, /noiseInjection\.strength/],
    [{ strength: 1 }, /noiseInjection\.at/],
    [{ at: 0.5, frames: 3 }, /frames/],
  ])('%j is refused', async (noiseInjection, message) => {
    await expect(run({ noiseInjection: noiseInjection as never })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });
});
