import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { closedLoop } from '../../examples/closed-loop.js';
import { longAnimation } from '../../examples/long-animation.js';
import { pausable } from '../../examples/pause-and-resume.js';
import { fixture, tinyGeneration } from '../support/tiny-model.js';

const files = { checkpoint: fixture('tiny-sd15/model'), motionModule: fixture('tiny-sd15/motion/v2.ckpt') };
const { numFrames: _, ...smallest } = tinyGeneration;
const request = { ...smallest, width: 32, height: 32, guidanceScale: 1 };
const folder = mkdtempSync(join(tmpdir(), 'animatediff-examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the closed loop has 24 frames, other ones than an animation that ends', async () => {
  const loop = await closedLoop(files, { ...request, numInferenceSteps: 1 });
  const open = await closedLoop(files, { ...request, numInferenceSteps: 1, context: {} });
  expect(loop.frames.length).toBe(24);
  expect(loop.latents.data).not.toEqual(open.latents.data);
});

test('the long animation has 64 frames, made in windows', async () => {
  const told: number[][] = [];
  const animation = await longAnimation(files, request, (...step) => told.push(step));
  expect(animation?.frames.length).toBe(64);
  expect(told).toEqual([
    [0, 5],
    [1, 6],
  ]);
});

test('what was paused goes on to the same frames, and its file is gone afterwards', async () => {
  const state = join(folder, 'paused.state');
  const small = { ...tinyGeneration, numInferenceSteps: 3 };
  const whole = await pausable({ ...files, state }, small);
  const stop = new AbortController();
  const paused = pausable({ ...files, state }, { ...small, signal: stop.signal });
  const watch = setInterval(() => {
    if (existsSync(state)) stop.abort(new Error('paused'));
  }, 1);
  await expect(paused)
    .rejects.toThrow('paused')
    .finally(() => clearInterval(watch));
  expect(existsSync(state)).toBe(true);
  // The prompt comes from the file.
  const resumed = await pausable({ ...files, state }, { prompt: 'something else' });
  expect(resumed.frames).toEqual(whole.frames);
  expect(existsSync(state)).toBe(false);
});
