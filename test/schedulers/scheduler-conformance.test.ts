import { describe, expect, test } from 'vitest';
import { ddim } from '../../src/schedulers/ddim.js';
import type { SamplingRun, Scheduler } from '../../src/schedulers/scheduler.js';
import { schedulerConformance } from '../../src/testing/scheduler-conformance.js';

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

async function failures(make: () => Scheduler): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of schedulerConformance(make)) await run().catch(() => names.push(name));
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
    expect(await failures(swapped)).toContain('noises clean latents linearly, less at every step');
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
