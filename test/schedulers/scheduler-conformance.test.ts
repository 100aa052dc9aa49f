import { describe, expect, test } from 'vitest';
import { torchRandom } from '../../src/core/torch-random.js';
import { ddim } from '../../src/schedulers/ddim.js';
import { lms } from '../../src/schedulers/lms.js';
import type { SamplingRun, Scheduler } from '../../src/schedulers/scheduler.js';
import {
  type SchedulerConformanceOptions,
  schedulerConformance,
} from '../../src/testing/scheduler-conformance.js';

/** DDIM with one thing broken. */
function broken(change: (run: SamplingRun) => Partial<SamplingRun>): () => Scheduler {
  return () => {
    const scheduler = ddim();
    const wrap = (run: SamplingRun): SamplingRun => ({ ...run, ...change(run) });
    return {
      ...scheduler,
      start: (request) => wrap(scheduler.start(request)),
      resume: (request, state) => wrap(scheduler.resume(request, state)),
    };
  };
}

async function failures(make: () => Scheduler, options?: SchedulerConformanceOptions): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of schedulerConformance(make, options)) await run().catch(() => names.push(name));
  return names;
}

describe('the conformance suite notices a scheduler that', () => {
  test('is fine', async () => {
    expect(await failures(ddim)).toEqual([]);
  });

  test('has a random number generator of its own', async () => {
    const found = await failures(
      broken((run) => ({
        step: (output, sample, index) => {
          const step = run.step(output, sample, index);
          return { ...step, sample: step.sample.map((value) => value + Math.random()) };
        },
      })),
    );
    expect(found).toContain('gives the same result for the same noise');
    expect(found).toContain('draws noise from the given source only');
    expect(found).toContain('resumes bit-exactly at every step, also from stored state');
  });

  test('works in place', async () => {
    const inPlace = broken((run) => ({
      step: (output, sample, index) => {
        const { sample: next, denoised } = run.step(output, sample, index);
        sample.set(next);
        return { sample, denoised };
      },
    }));
    expect(await failures(inPlace)).toContain('changes neither its arguments nor its configuration');
  });

  test('confuses signal and noise', async () => {
    const swapped = broken((run) => ({
      addNoise: (clean, noise, index) => run.addNoise(noise, clean, index),
    }));
    expect(await failures(swapped)).toContain('is never noisier than at the step before');
  });

  test('noises with noise of its own, or not linearly', async () => {
    const own = broken((run) => ({
      addNoise: (clean, noise, index) => run.addNoise(clean, noise.map(Math.random), index),
    }));
    const clipped = broken((run) => ({
      addNoise: (clean, noise, index) => run.addNoise(clean, noise, index).map((x) => Math.min(x, 1)),
    }));
    const name = 'noises clean latents linearly, to the mean and variance of the level';
    expect(await failures(own)).toContain(name);
    expect(await failures(clipped)).toContain(name);
  });

  test('forgets the noise that comes next', async () => {
    const scheduler = ddim({ eta: 1 });
    const forgetful = (): Scheduler => ({
      ...scheduler,
      resume: (request, state) =>
        scheduler.resume({ ...request, restoreRandom: () => torchRandom(99) }, state),
    });
    expect(await failures(forgetful)).toEqual([
      'resumes bit-exactly at every step, also from stored state',
      'resumes bit-exactly at every step from state kept as JSON',
    ]);
  });

  test('cannot read its state back from JSON', async () => {
    const scheduler = lms();
    const strict = (): Scheduler => ({
      ...scheduler,
      resume(request, state) {
        const history = state.values['history'] as unknown[];
        if (history.some((kept) => !(kept instanceof Float32Array))) throw new TypeError('not an array');
        return scheduler.resume(request, state);
      },
    });
    expect(await failures(strict, { endsClean: false })).toEqual([
      'resumes bit-exactly at every step from state kept as JSON',
    ]);
  });

  test('keeps one memory for all its runs', async () => {
    const scheduler = lms();
    let memory = new Float32Array(0);
    const mixed = (): Scheduler => ({
      ...scheduler,
      start(request) {
        const run = scheduler.start(request);
        return {
          ...run,
          step(output, sample, index) {
            const { sample: next, denoised } = run.step(output, sample, index);
            const step = { denoised, sample: next.map((x, i) => x + 0.1 * (memory[i] ?? 0)) };
            memory = index === run.timesteps.length - 1 ? new Float32Array(0) : denoised.slice();
            return step;
          },
        };
      },
    });
    expect(await failures(mixed, { endsClean: false })).toContain('keeps runs apart');
  });

  test('forgets to scale', async () => {
    const loud = broken((run) => ({
      scaleInput: (sample, index) => run.scaleInput(sample, index).map((x) => 2 * x),
    }));
    expect(await failures(loud)).toContain('shows the model unit variance at every noise level');
  });

  test('predicts the wrong clean latents', async () => {
    const wrong = broken((run) => ({
      step: (output, sample, index) => {
        const step = run.step(output, sample, index);
        return { ...step, denoised: step.denoised.map((value) => value * 1.01) };
      },
    }));
    expect(await failures(wrong)).toEqual([
      'finds the clean latents of a model that knows them',
      'ends on its last clean prediction',
    ]);
  });
});

describe('the conformance suite leaves out what does not apply to a sampler that', () => {
  const names = (options: SchedulerConformanceOptions): string[] =>
    schedulerConformance(ddim, options).map(({ name }) => name);
  const all = names({});

  test.each<[string, SchedulerConformanceOptions, string]>([
    ['ends with some noise', { endsClean: false }, 'ends on its last clean prediction'],
    [
      'evaluates between its levels',
      { exactDenoised: false },
      'finds the clean latents of a model that knows them',
    ],
    ['restarts', { levelsFall: false }, 'is never noisier than at the step before'],
    ['is of flow matching', { unitVariance: false }, 'shows the model unit variance at every noise level'],
  ])('%s', (_, options, left) => {
    expect(all.filter((name) => !names(options).includes(name))).toEqual([left]);
  });
});
