import { describe, expect, test } from 'vitest';
import { type ContextOptions, resolveContext } from '../../src/windows/context-options.js';
import { consecutive, type FrameWindow } from '../../src/windows/frame-window.js';
import { orderedHalving, roundHalfEven } from '../../src/windows/ordered-halving.js';
import { viewWindows } from '../../src/windows/view-windows.js';
import { windowsAt } from '../../src/windows/windows-at.js';

function windows(options: ContextOptions, numFrames: number, step = 0): FrameWindow[] {
  return windowsAt(resolveContext({ length: 16, overlap: 4, ...options }, numFrames, 32), numFrames, step);
}

/** `length` frames from a start, around the end. */
function around(start: number, numFrames: number, length = 16): number[] {
  return consecutive(start, length).map((frame) => frame % numFrames);
}

test('steps begin at 0, 1/2, 1/4, 3/4, 1/8, …', () => {
  expect([0, 1, 2, 3, 4, 5].map(orderedHalving)).toEqual([0, 1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8]);
});

test('halves round to the even number', () => {
  expect([0.5, 1.5, 2.5, 3.5, 2.49, 2.51, 4].map(roundHalfEven)).toEqual([0, 2, 2, 4, 2, 3, 4]);
  // 20 frames at step 4: 20 / 8 = 2.5, so the first window begins at frame 2.
  expect(windows({ schedule: 'looped' }, 20, 4)[0]![0]).toBe(2);
});

describe('looped windows', () => {
  test('wrap around the end and move from step to step', () => {
    const starts = [0, 1, 2].map((step) => windows({ schedule: 'looped' }, 32, step).map(([first]) => first));
    expect(starts).toEqual([
      [0, 12, 24],
      [16, 28, 8],
      [8, 20, 0],
    ]);
    expect(windows({ schedule: 'looped' }, 32)[2]).toEqual(around(24, 32));
  });

  test('of a second level take every second frame', () => {
    expect(windows({ schedule: 'looped', stride: 2 }, 32)[3]).toEqual(consecutive(0, 16).map((i) => 2 * i));
  });

  test('leave out a level that would put a frame into a window twice', () => {
    expect(windows({ schedule: 'looped', stride: 2 }, 24)).toEqual(windows({ schedule: 'looped' }, 24));
  });

  test('of a closed loop also start in the last frames', () => {
    expect(windows({ schedule: 'looped' }, 16 + 12)).toHaveLength(2);
    expect(windows({ schedule: 'looped', closedLoop: true }, 16 + 12)).toEqual(
      [0, 12, 24].map((start) => around(start, 28)),
    );
  });

  test('close a loop of as many frames as the module takes', () => {
    expect(windows({ loop: true }, 16)).toEqual([around(0, 16), around(12, 16)]);
  });
});

test('standard windows end at the last frame instead of wrapping', () => {
  expect(windows({ schedule: 'standard' }, 32)).toEqual([0, 12, 16].map((start) => consecutive(start, 16)));
  for (const window of windows({ schedule: 'standard', stride: 2 }, 64, 1)) {
    expect(window).toEqual([...window].sort((a, b) => a - b));
  }
});

test('static windows move the last one back', () => {
  const starts = windows({ schedule: 'static' }, 100).map(([first]) => first);
  expect(starts).toEqual([0, 12, 24, 36, 48, 60, 72, 84]);
});

test('batched windows stand side by side, the last one shorter', () => {
  expect(windows({ schedule: 'batched', overlap: undefined }, 36).map(({ length }) => length)).toEqual([
    16, 16, 4,
  ]);
});

test.each(['looped', 'standard', 'static', 'batched'] as const)(
  'an animation that fits one %s window is that window, at every step',
  (schedule) => {
    for (const numFrames of [1, 7, 16]) {
      expect(windows({ schedule, overlap: undefined }, numFrames, 3)).toEqual([consecutive(0, numFrames)]);
    }
  },
);

test.each([
  [0, 0],
  [2.5, 0],
  [Number.NaN, 0],
  [100_001, 0],
  [32, -1],
  [32, 0.5],
])('%s frames at step %s are refused', (numFrames, step) => {
  const context = resolveContext({ length: 16 }, 32, 32);
  expect(() => windowsAt(context, numFrames, step)).toThrow(/expected a whole number/);
});

describe('view windows', () => {
  const starts = (...args: Parameters<typeof viewWindows>): (number | undefined)[] =>
    viewWindows(...args).map(([first]) => first);

  test('step by the stride', () => {
    expect(starts(24, 16, 4)).toEqual([0, 4, 8]);
  });

  test('end with one at the last frame where the stride leaves a tail', () => {
    expect(starts(26, 16, 4)).toEqual([0, 4, 8, 10]);
  });

  test('are one when all frames fit', () => {
    expect(viewWindows(9, 16, 4)).toEqual([consecutive(0, 9)]);
  });

  test('cover every frame once in a window, in order', () => {
    for (let numFrames = 1; numFrames <= 128; numFrames++) {
      for (const [length, stride] of [
        [16, 4],
        [16, 16],
        [24, 5],
        [1, 1],
      ] as const) {
        const views = viewWindows(numFrames, length, stride);
        expect(new Set(views.flat()).size).toBe(numFrames);
        expect(views.at(-1)!.at(-1)).toBe(numFrames - 1);
        expect(new Set(views.map(([first]) => first)).size).toBe(views.length);
      }
    }
  });

  test('refuse a stride that leaves frames out', () => {
    expect(() => viewWindows(32, 8, 9)).toThrow(/stride: 9 leaves out frames/);
    expect(() => viewWindows(32, 8, 0)).toThrow(/stride/);
  });
});
