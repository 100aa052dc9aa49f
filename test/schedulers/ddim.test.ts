import { describe, expect, test } from 'vitest';
import { torchRandom } from '../../src/core/torch-random.js';
import { ddim } from '../../src/schedulers/ddim.js';

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
      useClippedModelOutput: false,
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
