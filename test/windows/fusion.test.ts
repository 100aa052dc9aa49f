import { describe, expect, test } from 'vitest';
import { float32Tensor } from '../../src/core/tensor.js';
import { torchRandom } from '../../src/core/torch-random.js';
import { resolveContext, type WindowFuse } from '../../src/windows/context-options.js';
import { consecutive, type FrameWindow } from '../../src/windows/frame-window.js';
import { fuseWindows } from '../../src/windows/fuse-windows.js';
import { takeFrames } from '../../src/windows/window-frames.js';
import { windowWeights } from '../../src/windows/window-weights.js';
import { windowsAt } from '../../src/windows/windows-at.js';
import { fuses } from './support/fuses.js';

function weights(fuse: WindowFuse, window: FrameWindow, numFrames = 64, overlap = 4, sigma = 1): number[] {
  return [...windowWeights({ fuse, overlap, sigma }, window, numFrames)];
}

function closeTo(expected: readonly number[]): unknown[] {
  return expected.map((value) => expect.closeTo(value, 9));
}

describe('weights', () => {
  test('flat', () => {
    expect(weights('flat', consecutive(3, 4))).toEqual([1, 1, 1, 1]);
  });

  test('pyramid, of even and odd windows', () => {
    expect(weights('pyramid', consecutive(3, 6))).toEqual([1, 2, 3, 3, 2, 1]);
    expect(weights('pyramid', consecutive(3, 5))).toEqual([1, 2, 3, 2, 1]);
  });

  test('relative, by distance from the middle frame', () => {
    const half = (7 - 3 + 0.01) / 2;
    expect(weights('relative', consecutive(3, 5))).toEqual(
      closeTo([0.01, 1 - 1 / half, 1, 1 - 1 / half, 0.01]),
    );
  });

  test('relative, of a window that wraps, as if frames counted on', () => {
    expect(weights('relative', [62, 63, 0, 1, 2])).toEqual(weights('relative', consecutive(3, 5)));
  });

  test('overlap-linear has ramps, but not at the ends of the animation', () => {
    const up = [1e-37, 1 / 3, 2 / 3, 1];
    const ramped = (window: FrameWindow): number[] => weights('overlap-linear', window, 30);
    expect(ramped(consecutive(8, 10))).toEqual(closeTo([...up, 1, 1, ...up.toReversed()]));
    expect(ramped(consecutive(0, 10))).toEqual(closeTo([1, 1, 1, 1, 1, 1, ...up.toReversed()]));
    expect(ramped(consecutive(20, 10))).toEqual(closeTo([...up, 1, 1, 1, 1, 1, 1]));
    expect(weights('overlap-linear', consecutive(8, 4), 30, 1)).toEqual([1e-37, 1, 1, 1e-37]);
    expect(weights('overlap-linear', consecutive(8, 4), 30, 0)).toEqual([1, 1, 1, 1]);
  });

  test('gaussian is a bell of the given width and of half the window as its norm', () => {
    const bell = weights('gaussian', consecutive(3, 16), 64, 4, 2);
    expect(bell[10]! / bell[7]!).toBeCloseTo(Math.exp((0.25 - 6.25) / (2 * 5 ** 2)), 12);
    expect(bell[5]).toBe(bell[10]);
    expect(Math.hypot(...bell)).toBeCloseTo(8, 12);
  });

  test('delayed reverse sawtooth', () => {
    expect(weights('delayed-reverse-sawtooth', consecutive(3, 6))).toEqual([0.01, 0.01, 0.01, 3, 2, 1]);
    expect(weights('delayed-reverse-sawtooth', consecutive(3, 5))).toEqual([0.01, 0.01, 3, 2, 1]);
  });

  test.each(fuses)('%s is above 0 everywhere, even in a long, narrow window', (fuse) => {
    for (const length of [1, 2, 3, 16, 500]) {
      expect(weights(fuse, consecutive(3, length), 1000, 4, 0).every((weight) => weight > 0)).toBe(true);
    }
  });
});

const shape = [1, 2, 40, 3, 2];
const whole = float32Tensor(torchRandom(7).normal(2 * 40 * 6), shape);

describe('fusing', () => {
  test.each(fuses)('%s gives back predictions that windows agree on, bit by bit', (fuse) => {
    for (const schedule of ['looped', 'standard', 'static'] as const) {
      const context = resolveContext({ schedule, fuse, length: 16, overlap: 11, sigma: 0.3 }, 40, 32);
      const fusion = fuseWindows(shape);
      for (const window of windowsAt(context, 40, 1)) {
        fusion.add(window, windowWeights(context, window, 40), takeFrames(whole, window).data);
      }
      expect(fusion.result()).toEqual(whole);
    }
  });

  test.each(fuses)('%s of one window with all frames changes no bit, signs of zeros included', (fuse) => {
    const data = whole.data.slice();
    data.set([-0, 0, 1e-45, -3e38]);
    const context = resolveContext({ fuse }, 24, 32);
    const [window, ...others] = windowsAt(context, 24, 5);
    const fusion = fuseWindows([1, 2, 24, 3, 2]);
    fusion.add(window!, windowWeights(context, window!, 24), data.subarray(0, 2 * 24 * 6));
    expect(others).toEqual([]);
    const bytes = new Uint8Array(fusion.result().data.buffer);
    expect(bytes).toEqual(new Uint8Array(data.buffer, 0, bytes.length));
  });

  test.each(fuses)('%s is the weighted mean of what windows predict', (fuse) => {
    const context = resolveContext({ schedule: 'looped', stride: 2, fuse, length: 16 }, 40, 32);
    const windows = windowsAt(context, 40, 2);
    const random = torchRandom(11);
    const predictions = windows.map(() => random.normal(2 * 16 * 6));
    const fusion = fuseWindows(shape);
    const sums = new Float64Array(2 * 40 * 6);
    const totals = new Float64Array(40);
    for (const [index, window] of windows.entries()) {
      const share = windowWeights(context, window, 40);
      fusion.add(window, share, predictions[index]!);
      for (const [position, frame] of window.entries()) {
        totals[frame]! += share[position]!;
        for (const channel of [0, 1])
          for (let i = 0; i < 6; i++)
            sums[(channel * 40 + frame) * 6 + i]! +=
              share[position]! * predictions[index]![(channel * 16 + position) * 6 + i]!;
      }
    }
    const expected = sums.map((sum, i) => sum / totals[Math.floor(i / 6) % 40]!);
    const error = Math.max(...fusion.result().data.map((value, i) => Math.abs(value - expected[i]!)));
    expect(error).toBeLessThan(1e-6);
  });

  test('takes predictions with and without a batch', () => {
    const fusion = fuseWindows([2, 3, 1, 1]);
    fusion.add([2, 0], [1, 1], Float32Array.of(1, 2, 3, 4));
    fusion.add([1, 2], [1, 3], Float32Array.of(5, 9, 6, 8));
    expect([...fusion.result().data]).toEqual([2, 5, 7, 4, 6, 6.75]);
  });

  test('says which frame no window had', () => {
    const fusion = fuseWindows([1, 3, 1, 1]);
    fusion.add([0, 2], [1, 1], Float32Array.of(1, 2));
    expect(() => fusion.result()).toThrow(/no window had frame 1 of 3/);
  });

  test('is over once it handed over its result', () => {
    const fusion = fuseWindows([1, 1, 1, 1]);
    fusion.add([0], [1], Float32Array.of(1));
    fusion.result();
    expect(() => fusion.add([0], [1], Float32Array.of(1))).toThrow(/begin a new one/);
    expect(() => fusion.result()).toThrow(/begin a new one/);
  });

  test('refuses what does not fit', () => {
    const fusion = fuseWindows([1, 3, 1, 1]);
    expect(() => fusion.add([0, 3], [1, 1], Float32Array.of(1, 2))).toThrow(/no frame 3 among 3/);
    expect(() => fusion.add([0, 1], [1, 1], Float32Array.of(1))).toThrow(/expected 2 elements/);
    expect(() => fusion.add([0, 1], [1], Float32Array.of(1, 2))).toThrow(/weights: expected 2/);
    expect(() => fusion.add([0, 1], [1, 0], Float32Array.of(1, 2))).toThrow(/above 0/);
    expect(() => fuseWindows([4, 4])).toThrow(/frames, height, width/);
  });
});

test("a window's frames are copied in its order", () => {
  const { shape: taken, data } = takeFrames(
    float32Tensor(Float32Array.of(0, 1, 2, 10, 11, 12), [2, 3, 1, 1]),
    [2, 0],
  );
  expect(taken).toEqual([2, 2, 1, 1]);
  expect([...data]).toEqual([2, 0, 12, 10]);
});
