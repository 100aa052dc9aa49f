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

function failures(make: () => Scheduler): string[] {
  return schedulerConformance(make)
    .filter(({ run }) => {
      try {
        run();
        return false;
      } catch {
        return true;
      }
    })
    .map(({ name }) => name);
}

describe('the conformance suite notices a scheduler that', () => {
  test('is fine', () => {
    expect(failures(ddim)).toEqual([]);
  });

  test('has a random number generator of its own', () => {
    const found = failures(
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

  test('works in place', () => {
    const inPlace = broken((run) => ({
      step: (output, sample, index) => {
        const { sample: next, denoised } = run.step(output, sample, index);
        sample.set(next);
        return { sample, denoised };
      },
    }));
    expect(failures(inPlace)).toContain('changes neither its arguments nor its configuration');
  });

  test('confuses signal and noise', () => {
    const swapped = broken((run) => ({
      addNoise: (clean, noise, index) => run.addNoise(noise, clean, index),
    }));
    expect(failures(swapped)).toContain('noises clean latents linearly, less at every step');
  });

  test('forgets to scale', () => {
    const loud = broken((run) => ({
      scaleInput: (sample, index) => run.scaleInput(sample, index).map((x) => 2 * x),
    }));
    expect(failures(loud)).toContain('shows the model unit variance at every noise level');
  });

  test('predicts the wrong clean latents', () => {
    const wrong = broken((run) => ({
      step: (output, sample, index) => {
        const step = run.step(output, sample, index);
        return { ...step, denoised: step.denoised.map((value) => value * 1.01) };
      },
    }));
    expect(failures(wrong)).toEqual([
      'finds the clean latents of a model that knows them',
      'ends on its last clean prediction',
    ]);
  });
});
