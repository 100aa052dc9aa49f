import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frameRuns, windowText } from '../../src/cli/window-text.js';
import type { WindowPlan } from '../../src/index.js';
import { type CommandLine, commandLine } from './support/command-line.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

test('windows tells each step: evaluations, coverage and frames', async () => {
  const { code, stdout } = await cli.run(['windows', '--frames', '64', '--steps', '10']);
  expect(code).toBe(0);
  const lines = stdout.split('\n');
  expect(lines[0]).toBe(
    '64 frames in standard windows of 16, overlap 4, fuse pyramid: 54 evaluations of the UNet in 10 steps',
  );
  expect(stdout).toMatch(/^1 +5 +1 to 2 +0-15 12-27 24-39 36-51 48-63$/m);
  expect(stdout).toMatch(/^… and 2 more; --json tells all$/m);
});

test('windows says when there is nothing to cut, and where a loop wraps', async () => {
  const plain = await cli.run(['windows', '--frames', '16', '--steps', '1']);
  expect(plain.stdout).toMatch(/^16 frames at once: 1 evaluation of the UNet in 1 step$/m);
  const loop = await cli.run(['windows', '--frames', '24', '--loop', '--steps', '1']);
  expect(loop.stdout).toMatch(/0-15 12-23\+0-3$/m);
});

test('windows --json tells the whole plan, for the options that were given', async () => {
  const context = ['--context-length', '8', '--context-overlap', '2', '--context-schedule', 'static'];
  const { stdout } = await cli.run(['windows', '--frames', '20', ...context, '--fuse', 'flat', '--json']);
  const plan = JSON.parse(stdout) as WindowPlan;
  expect(plan.context).toMatchObject({ length: 8, overlap: 2, schedule: 'static', fuse: 'flat' });
  expect([plan.steps.length, plan.evaluations]).toEqual([25, 75]);
  expect(plan.steps[24]!.windows.map((window) => window[0])).toEqual([0, 6, 12]);
});

test('windows draws up to eight steps, a row a window, with words for screen readers', async () => {
  const args = ['windows', '--frames', '48', '--loop', '--context-stride', '2', '--steps', '9'];
  const { code, stdout } = await cli.run([...args, '-o', 'w/plan.svg']);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/\nw\/plan\.svg\n$/)]);
  const svg = readFileSync(join(cli.folder, 'w/plan.svg'), 'utf8');
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]* role="img"/);
  expect(svg).toContain('<title id="windows-title">48 frames in looped windows of 16, ');
  expect(svg).toContain(
    'Step 1: frames 0-15, 12-27, 24-39, 36-47+0-3, 0-30/2, 28-46/2+0-10/2; each frame in 1 to 4 windows.',
  );
  expect([...svg.matchAll(/>step (\d)</g)].map(([, step]) => Number(step))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  const rows = [...svg.matchAll(/<rect x="0" y="\d+" width="800"/g)].length;
  expect(rows).toBe(8 * 6);
  const bars = [
    ...svg.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)" height="11" fill="#(?!eef1f4)/g),
  ];
  expect(bars.every(([, x, width]) => Number(x) + Number(width) <= 800)).toBe(true);
});

test.each([
  [[], '--frames is needed'],
  [['--frames', '0'], '--frames: expected 1 to 100000'],
  [['--frames', '64', '--steps', '0'], '--steps: expected a whole number from 1 to 1000'],
  [
    ['--frames', '64', '--context-length', '40'],
    '--context-length: the motion module takes at most 32 frames at once, got 40',
  ],
  [['--frames', '64', '-o', 'a.png'], "--output: 'a.png' does not end in .svg"],
  [['--frames', '64', '--fuse', 'x'], expect.stringMatching(/^--fuse: 'x' is none of flat, /)],
  [
    ['--frames', '3000', '-o', 'a.svg'],
    '--output: at most 2000 frames are drawn; leave it out, or use --json',
  ],
])('windows %j is refused', async (args, line) => {
  const { code, stdout, stderr } = await cli.run(['windows', ...args]);
  expect([code, stdout, stderr.split('\n')[0]]).toEqual([2, '', line]);
  expect(existsSync(join(cli.folder, 'a.svg'))).toBe(false);
});

test('a window in few letters', () => {
  expect([[3], [0, 1, 2], [6, 7, 0, 1], [0, 2, 4], [5, 7, 1, 3]].map(windowText)).toEqual([
    '3',
    '0-2',
    '6-7+0-1',
    '0-4/2',
    '5-7/2+1-3/2',
  ]);
  expect(frameRuns([])).toEqual([]);
});
