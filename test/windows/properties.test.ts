import { expect, test } from 'vitest';
import {
  type ContextOptions,
  type ResolvedContext,
  resolveContext,
} from '../../src/windows/context-options.js';
import type { FrameWindow } from '../../src/windows/frame-window.js';
import { fuseWindows } from '../../src/windows/fuse-windows.js';
import { windowWeights } from '../../src/windows/window-weights.js';
import { windowsAt } from '../../src/windows/windows-at.js';
import { fuses } from './support/fuses.js';

const lengths = [1, 3, 8, 16, 24, 32];
const steps = [0, 1, 3, 12];
const everyNumber = Array.from({ length: 128 }, (_, index) => index + 1);

const shapes: readonly ContextOptions[] = [
  { schedule: 'static' },
  { schedule: 'batched' },
  ...[1, 2, 4].flatMap((stride): ContextOptions[] => [
    { schedule: 'standard', stride },
    { schedule: 'looped', stride },
    { schedule: 'looped', stride, closedLoop: true },
  ]),
];

function overlapsOf(length: number, { schedule }: ContextOptions): number[] {
  if (schedule === 'batched') return [0];
  return [...new Set([0, Math.floor(length / 4), Math.floor(length / 2), length - 1])];
}

/** Every resolved context of the lists above. */
function* contexts(numFrames: number): Generator<ResolvedContext> {
  for (const length of lengths)
    for (const shape of shapes)
      for (const overlap of overlapsOf(length, shape))
        yield resolveContext({ ...shape, length, overlap, useOnEqualLength: true }, numFrames, 32);
}

function problemOf(windows: readonly FrameWindow[], numFrames: number, length: number): string | undefined {
  const lastSeen = new Int16Array(numFrames).fill(-1);
  for (const [index, window] of windows.entries()) {
    if (window.length > length) return 'too long';
    for (const frame of window) {
      if (!(frame >= 0 && frame < numFrames)) return 'out of range';
      if (lastSeen[frame] === index) return 'a frame twice';
      lastSeen[frame] = index;
    }
  }
  return lastSeen.every((index) => index >= 0) ? undefined : 'a frame missing';
}

test('every frame is covered, unique in its windows and in range, for up to 128 frames', {
  timeout: 60_000,
}, () => {
  const problems: string[] = [];
  for (const numFrames of everyNumber) {
    for (const context of contexts(numFrames)) {
      const moving = context.schedule === 'looped' || context.schedule === 'standard';
      for (const step of moving ? steps : [0]) {
        const problem = problemOf(windowsAt(context, numFrames, step), numFrames, context.length);
        if (problem)
          problems.push(`${problem}: ${numFrames} frames, step ${step}, ${JSON.stringify(context)}`);
      }
    }
  }
  expect(problems).toEqual([]);
});

test('static and batched windows are the same at every step', () => {
  for (const schedule of ['static', 'batched'] as const) {
    const context = resolveContext({ schedule, length: 16 }, 50, 32);
    expect(windowsAt(context, 50, 7)).toEqual(windowsAt(context, 50, 0));
  }
});

test.each(fuses)('weights of the %s fuse sum to 1 at every frame, for up to 128 frames', (fuse) => {
  let worst = 0;
  for (const numFrames of everyNumber) {
    for (const schedule of ['looped', 'standard', 'static', 'batched'] as const) {
      const stride = schedule === 'looped' ? 3 : 1;
      const context = resolveContext({ schedule, stride, fuse, length: 16, sigma: 4 }, numFrames, 32);
      const shares = fusedShares(context, windowsAt(context, numFrames, 3), numFrames);
      for (const share of shares) worst = Math.max(worst, Math.abs(share - 1));
    }
  }
  expect(worst).toBeLessThan(1e-6);
});

/** Sum of the weights in effect at each frame: every window says 1 in a channel of its own and 0 in the others'. */
function fusedShares(
  context: ResolvedContext,
  windows: readonly FrameWindow[],
  numFrames: number,
): Float64Array {
  const fusion = fuseWindows([windows.length, numFrames, 1, 1]);
  for (const [index, window] of windows.entries()) {
    const indicator = new Float32Array(windows.length * window.length);
    indicator.fill(1, index * window.length, (index + 1) * window.length);
    fusion.add(window, windowWeights(context, window, numFrames), indicator);
  }
  const sums = new Float64Array(numFrames);
  for (const [at, share] of fusion.result().data.entries()) sums[at % numFrames]! += share;
  return sums;
}
