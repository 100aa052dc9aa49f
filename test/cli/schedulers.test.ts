import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { namedSchedulers, scheduleNames } from '../../src/cli/scheduler-names.js';
import { schedulerFromName } from '../../src/index.js';
import { type CommandLine, commandLine } from './support/command-line.js';
import { embedded } from './support/embedded.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

interface Listed {
  name: string;
  others: string[];
  deterministic: boolean;
  evaluationsPerStep: number;
  evaluationsOf25Steps: number;
}

test('schedulers list tells names, noise and evaluations', async () => {
  const { code, stdout } = await cli.run(['schedulers', 'list']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^eulerAncestral +draws noise +1 \(25\) +euler_ancestral, Euler a$/m);
  expect(stdout).toMatch(/^heun +deterministic +2 \(49\)$/m);
  expect(stdout).toMatch(/^- DPM\+\+ SDE does not exist here; dpmSolverSinglestep/m);
  const json = await cli.run(['schedulers', 'list', '--json']);
  const { schedulers } = JSON.parse(json.stdout) as { schedulers: Listed[] };
  const evaluations = (name: string): number | undefined =>
    schedulers.find((each) => each.name === name)?.evaluationsOf25Steps;
  expect(['pndm', 'kdpm2', 'ddim'].map(evaluations)).toEqual([26, 49, 25]);
  const noisy = schedulers.filter(({ deterministic }) => !deterministic).map(({ name }) => name);
  expect(noisy.filter((name) => !/sde/.test(name))).toEqual(
    expect.arrayContaining(['ddpm', 'eulerAncestral', 'kdpm2Ancestral', 'lcm', 'tcd']),
  );
});

test('lists every name that the library knows, and no other', () => {
  const listed = namedSchedulers.flatMap(({ name, others }) => [name, ...others]);
  const samplerOf = (name: string): string => {
    const { scheduler } = schedulerFromName(name);
    return JSON.stringify([scheduler.name, scheduler.config]);
  };
  for (const { name, others } of namedSchedulers) {
    for (const other of others) expect([other, samplerOf(other)]).toEqual([other, samplerOf(name)]);
  }
  const samplers = new Set(listed.map(samplerOf));
  expect(samplers.size).toBe(namedSchedulers.length);
  const message = messageOf(() => schedulerFromName('?'));
  const [, known, schedules] = /known are (.*); followed by one of (.*) or nothing/.exec(message)!;
  for (const name of known!.split(', ')) expect([name, samplers.has(samplerOf(name))]).toEqual([name, true]);
  expect([...scheduleNames].sort()).toEqual(schedules!.split(', ').sort());
});

function messageOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

test('schedulers plot draws one line a sampler in two panels, with words for screen readers', async () => {
  const names = ['euler', 'DPM++ 2M Karras', '<kdpm2>&karras'];
  const { code, stdout } = await cli.run(['schedulers', 'plot', ...names, '--steps', '10', '-o', 'p/a.svg']);
  expect([code, stdout]).toEqual([0, 'p/a.svg\n']);
  const svg = readFileSync(join(cli.folder, 'p/a.svg'), 'utf8');
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]* role="img"/);
  expect(svg).toContain('<title id="schedules-title">Schedules of 10 steps</title>');
  expect(svg).toMatch(
    /<desc [^>]*>euler: 10 evaluations, σ from 25\.15 to 0\.02917, timesteps from 999 to 0\. /,
  );
  expect(svg).toContain('&#60;kdpm2&#62;&#38;karras: 19 evaluations');
  expect(svg).not.toContain('<kdpm2>');
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) => points!.split(' '));
  expect(lines.map((points) => points.length)).toEqual([10, 10, 19, 10, 10, 19]);
  const numbers = lines.flat().flatMap((point) => point.split(',').map(Number));
  expect(numbers.every((value) => value >= 0 && value <= 640)).toBe(true);
});

test('schedulers plot --json tells the numbers of the drawing', async () => {
  const { stdout } = await cli.run(['schedulers', 'plot', 'euler_trailing', '--steps', '4', '--json']);
  const [schedule] = JSON.parse(stdout) as { timesteps: number[]; sigmas: number[] }[];
  expect(schedule).toMatchObject({
    name: 'euler_trailing',
    scheduler: 'euler',
    timesteps: [999, 749, 499, 249],
  });
  expect(schedule!.sigmas[0]).toBeCloseTo(25.1464, 3);
});

test.each([
  [['dance'], "schedulers: expected 'list', or 'plot' and names"],
  [['list', 'x'], "unexpected argument 'x'"],
  [['plot'], 'schedulers plot needs the name of a sampler'],
  [['plot', 'eular'], "no sampler is called 'eular'; did you mean euler?"],
  [['plot', 'euler', '-o', 'a.png'], "--output: 'a.png' does not end in .svg"],
  [
    ['plot', 'lcm', '--steps', '60'],
    expect.stringMatching(/^lcm: 60 steps out of originalInferenceSteps 50/),
  ],
])('schedulers %j is refused', async (args, line) => {
  const { code, stdout, stderr } = await cli.run(['schedulers', ...args]);
  expect([code, stdout, stderr.split('\n')[0]]).toEqual([2, '', line]);
});

test.each([
  ['dpmpp_2n_karras', "'dpmpp_2n_karras'; did you mean dpmpp_2m_karras, "],
  ['Restart', "'Restart'; animatediff schedulers list tells those there are"],
  ['ddim karras', "'ddim karras': ddim steps through training timesteps"],
])('generate refuses --scheduler %j before anything is loaded', async (name, help) => {
  const { code, stderr } = await cli.run(['generate', '-c', 'nowhere', '-p', 'x', '--scheduler', name]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^--scheduler: /)]);
  expect(stderr).toContain(help);
});

test('generate takes any name, with the noise of the model, and tells what stands in for another', async () => {
  const size = ['--steps', '3', '--frames', '2', '--seed', '5', '-q'];
  const make = (scheduler: string, file: string) =>
    cli.run(['generate', ...embedded, ...size, '--scheduler', scheduler, '-o', file]);
  const plain = await make('DPM++ 2M Karras', 'm.gif');
  expect([plain.code, plain.stderr]).toEqual([0, '']);
  const substitute = await make('DPM++ 2S a', 's.gif');
  expect([substitute.code, substitute.stderr]).toEqual([
    0,
    expect.stringMatching(/^warning: DPM\+\+ 2S a does not exist here/),
  ]);
  expect(readFileSync(join(cli.folder, 'm.gif')).equals(readFileSync(join(cli.folder, 's.gif')))).toBe(false);
});
