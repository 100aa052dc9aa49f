import { describe, expect, test } from 'vitest';
import { adamWStep } from '../../src/training/adam-w.js';
import { clippingFactor, gradientNorm } from '../../src/training/gradient-norm.js';
import { learningRateAt } from '../../src/training/learning-rate.js';
import { lossCurve } from '../../src/training/loss-curve.js';
import { moveAverage } from '../../src/training/moving-average.js';
import { lossWeight, noisedLatents } from '../../src/training/noise-objective.js';
import { shuffledOrder, trainingRandom } from '../../src/training/training-random.js';

describe('what the network is trained to predict', () => {
  const clean = Float32Array.of(1, -2);
  const noise = Float32Array.of(0.5, 1);

  test('the noise that was added', () => {
    const { sample, target } = noisedLatents('epsilon', 0.36, clean, noise);
    expect([...sample]).toEqual([expect.closeTo(0.6 + 0.4), expect.closeTo(-1.2 + 0.8)]);
    expect(target).toEqual(noise);
  });

  test('the velocity, from which with the sample both clean latents and noise follow', () => {
    const { sample, target } = noisedLatents('v_prediction', 0.36, clean, noise);
    for (const i of [0, 1]) {
      expect(0.6 * sample[i]! - 0.8 * target[i]!).toBeCloseTo(clean[i]!);
      expect(0.8 * sample[i]! + 0.6 * target[i]!).toBeCloseTo(noise[i]!);
    }
  });

  test('levels with little noise count less with min-SNR, others as they are', () => {
    // Signal-to-noise ratios of 9 and 1/4.
    expect(lossWeight('epsilon', 0.9, 5)).toBeCloseTo(5 / 9);
    expect(lossWeight('epsilon', 0.2, 5)).toBe(1);
    expect(lossWeight('v_prediction', 0.9, 5)).toBeCloseTo(5 / 10);
    expect(lossWeight('v_prediction', 0.2, 5)).toBeCloseTo(0.25 / 1.25);
    expect(lossWeight('epsilon', 0.9, undefined)).toBe(1);
  });

  test('pure noise has a weight too', () => {
    expect(lossWeight('epsilon', 0, 5)).toBe(1);
    expect(lossWeight('v_prediction', 0, 5)).toBe(0);
  });
});

describe('the optimiser', () => {
  const options = { learningRate: 0.1, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 } as const;
  const parameter = (value: number) => ({
    values: Float32Array.of(value),
    mean: new Float32Array(1),
    squares: new Float32Array(1),
  });

  test('takes a first step of the learning rate, whatever the length of the gradient', () => {
    for (const gradient of [1e-3, 5, -200]) {
      const p = parameter(1);
      adamWStep(p, Float32Array.of(gradient), options, 1);
      expect(p.values[0]).toBeCloseTo(1 - 0.1 * Math.sign(gradient), 4);
    }
  });

  test('is Adam with decoupled decay over three steps', () => {
    // By hand, in double precision, from the published algorithm: lr 0.1, decay 0.5, gradients 1, -2, 0.5.
    const p = parameter(1);
    let [value, m, v] = [1, 0, 0];
    for (const [index, g] of [1, -2, 0.5].entries()) {
      adamWStep(p, Float32Array.of(g), { ...options, weightDecay: 0.5 }, index + 1);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const [mean, square] = [m / (1 - 0.9 ** (index + 1)), v / (1 - 0.999 ** (index + 1))];
      value = value - 0.1 * 0.5 * value - (0.1 * mean) / (Math.sqrt(square) + 1e-8);
      expect(p.values[0]).toBeCloseTo(value, 5);
    }
  });

  test('decays weights apart from the gradient', () => {
    const p = parameter(2);
    adamWStep(p, Float32Array.of(0), { ...options, weightDecay: 0.5 }, 1);
    expect(p.values[0]).toBeCloseTo(2 * (1 - 0.1 * 0.5));
  });

  test('finds the bottom of a valley', () => {
    const p = parameter(3);
    for (let step = 1; step <= 400; step++) {
      adamWStep(p, Float32Array.of(2 * (p.values[0]! - 1)), { ...options, learningRate: 0.05 }, step);
    }
    expect(p.values[0]).toBeCloseTo(1, 2);
  });

  test('shortens a gradient that is too long as a whole', () => {
    const norm = gradientNorm([Float32Array.of(3), Float32Array.of(0, 4)]);
    expect(norm).toBe(5);
    expect(clippingFactor(norm, 1)).toBe(0.2);
    expect(clippingFactor(norm, 10)).toBe(1);
    expect(clippingFactor(norm, undefined)).toBe(1);
  });
});

describe('the learning rate', () => {
  const options = { learningRate: 2, schedule: 'cosine', warmupSteps: 4, steps: 12 } as const;

  test('rises in a straight line, then falls along half a cosine', () => {
    const rates = Array.from({ length: 13 }, (_, step) => learningRateAt(step, options));
    expect(rates.slice(0, 5)).toEqual([0.5, 1, 1.5, 2, 2]);
    expect(rates[8]).toBeCloseTo(1);
    expect(rates[12]).toBeCloseTo(0);
  });

  test('stays where it is without a cosine', () => {
    expect(learningRateAt(11, { ...options, schedule: 'constant' })).toBe(2);
    expect(learningRateAt(0, { ...options, warmupSteps: 0, schedule: 'constant' })).toBe(2);
  });
});

test('a moving average soon forgets its start, and then follows slowly', () => {
  const average = Float32Array.of(0);
  moveAverage(average, Float32Array.of(1), 0.99, 1);
  expect(average[0]).toBeCloseTo(9 / 11);
  moveAverage(average, Float32Array.of(0), 0.99, 1e6);
  expect(average[0]).toBeCloseTo((0.99 * 9) / 11);
});

describe('random numbers of a run', () => {
  test('follow from seed, purpose and place alone', () => {
    const draw = (seed: number, ...place: number[]) => trainingRandom(seed, 'example', ...place).uniform();
    expect(draw(1, 5)).toBe(draw(1, 5));
    expect(new Set([draw(1, 5), draw(1, 6), draw(2, 5), draw(2 ** 40 + 1, 5)]).size).toBe(4);
    expect(trainingRandom(1, 'order', 5).uniform()).not.toBe(draw(1, 5));
  });

  test('order the clips anew in each epoch, each clip once', () => {
    const orders = [0, 1].map((epoch) => shuffledOrder(3, epoch, 20));
    for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
    expect(orders[0]).not.toEqual(orders[1]);
  });
});

describe('the loss curve', () => {
  test('is an SVG with every loss and a running mean', () => {
    const svg = lossCurve([1, 0.5, 0.25], { smoothing: 0.5 });
    expect(svg).toMatch(/^<svg [^>]*viewBox=/);
    const points = [...svg.matchAll(/points="([^"]*)"/g)].map(([, list]) => list!.split(' ').length);
    expect(points).toEqual([3, 3]);
  });

  test('draws one loss, and a hundred thousand with few points', () => {
    expect(lossCurve([0.3])).toContain('<polyline');
    const many = lossCurve(Array.from({ length: 100_000 }, (_, i) => 1 + Math.sin(i) / 2));
    expect(many.length).toBeLessThan(60_000);
  });

  test('refuses losses that are no positive numbers', () => {
    expect(() => lossCurve([])).toThrow(/at least one loss/);
    expect(() => lossCurve([1, Number.NaN])).toThrow(/positive numbers/);
  });
});
