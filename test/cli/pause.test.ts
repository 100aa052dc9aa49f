import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine, type Result } from './support/command-line.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

const model = ['-c', fixture('tiny-sd15/model'), '-m', fixture('tiny-sd15/motion/v2.ckpt'), '-q'];
const size = ['-p', 'a red circle', '--width', '32', '--frames', '4', '--steps', '3', '--seed', '5'];
const generate = (...args: string[]): Promise<Result> => cli.run(['generate', ...model, ...args]);
const bytes = (name: string): Buffer => readFileSync(join(cli.folder, name));

/** What came before anything was loaded. */
const refusals = async (...args: string[]): Promise<unknown[]> => {
  const { code, stderr } = await cli.run(['generate', '-c', 'nowhere', ...args]);
  return [code, stderr.split('\n\n')[0]!.split('\n')];
};

test('a saved state goes on to the same bytes, rate included, with noise that the sampler draws', async () => {
  const sampler = ['--scheduler', 'eulerAncestral'];
  const save = ['--save-state', 'new/a.state', '--save-every', '2', '--fps', '5', '-o', 'a.gif'];
  const whole = await generate(...size, ...sampler, ...save);
  expect([whole.code, whole.stderr]).toEqual([0, '']);
  const resumed = await generate('--resume', 'new/a.state', ...sampler, '-o', 'b.gif');
  expect([resumed.code, resumed.stdout, resumed.stderr]).toEqual([0, 'seed 5: b.gif\n', '']);
  expect(bytes('b.gif').equals(bytes('a.gif'))).toBe(true);
  // Whole files only.
  expect(readdirSync(join(cli.folder, 'new'))).toEqual(['a.state']);
  const other = await generate('--resume', 'new/a.state', '--scheduler', 'euler');
  expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/eulerAncestral/)]);
});

test('a resumed run saves its own steps, and tells of files as JSON without what is in them', async () => {
  await generate(...size, '--save-state', 's.state', '--save-every', '1', '-o', 's.gif');
  copyFileSync(join(cli.folder, 's.state'), join(cli.folder, 't.state'));
  const saving = await generate(
    ...size,
    '--save-state',
    't.state',
    '--save-every',
    '2',
    '--json',
    '-o',
    't.gif',
  );
  const lines = saving.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  const at = lines.findIndex(({ type }) => type === 'checkpoint');
  expect(lines.slice(at, at + 2)).toEqual([
    { type: 'checkpoint', step: 1 },
    { type: 'file-written', path: 't.state' },
  ]);
  const resumed = await generate('--resume', 't.state', '--save-state', 'u.state', '--json', '-o', 'u.gif');
  const steps = [...resumed.stdout.matchAll(/"type":"step-end","step":(\d)/g)].map(([, step]) => step);
  expect(steps).toEqual(['2']);
  expect(bytes('u.gif').equals(bytes('s.gif'))).toBe(true);
  expect(bytes('u.state').subarray(0, 8).toString()).toBe('ADJSRUN1');
});

test('what cannot be resumed is told before anything is loaded', async () => {
  writeFileSync(join(cli.folder, 'not.state'), 'hello');
  const missing = await generate('--resume', 'no.state');
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/^no\.state cannot be read: /)]);
  const wrong = await generate('--resume', 'not.state');
  expect([wrong.code, wrong.stderr]).toEqual([
    1,
    expect.stringMatching(/these bytes are no saved generation/),
  ]);
});

test('a resumed generation has its own options', async () => {
  expect(await refusals('--resume', 'x', '--steps', '4', '--loop', '-p', 'y')).toEqual([
    2,
    ['prompt', 'steps', 'loop'].map(
      (name) => `--${name}: the generation of --resume has its own; leave it out`,
    ),
  ]);
});

test('windows, noise, FreeInit and movement change what is made', async () => {
  const make = async (name: string, ...args: string[]): Promise<string> => {
    const { code, stderr } = await generate(...size, ...args, '-o', `${name}.gif`);
    expect([name, code, stderr]).toEqual([name, 0, '']);
    return bytes(`${name}.gif`).toString('hex');
  };
  const made = [
    await make('plain'),
    await make('windows', '--context-length', '3', '--context-overlap', '1', '--fuse', 'flat'),
    await make('loop', '--loop', '--context-length', '3'),
    await make('noise', '--noise', 'constant'),
    await make('order', '--noise-order', 'comfyui'),
    await make('free-noise', '--noise', 'freeNoise', '--context-length', '2', '--context-overlap', '1'),
    await make('free-init', '--free-init', '2'),
    await make('movement', '--motion-effect', '0.3', '--motion-scale', '1.5', '--motion-end', '0.9'),
    await make('rescale', '--guidance-rescale', '0.7'),
  ];
  expect(new Set(made).size).toBe(made.length);
}, 300_000);

test('more frames than the module takes need no option', async () => {
  const { code, stderr } = await generate(...size, '--frames', '40', '--steps', '1', '-o', 'long.gif');
  expect([code, stderr]).toEqual([0, '']);
});

test('values that no model takes are refused before one is loaded, by their own names', async () => {
  const noise = ['--noise', 'pink', '--free-init', '0.5', '--guidance-rescale', '2', '--motion-end', '-1'];
  const windows = ['--context-length', '8', '--context-overlap', '8', '--save-every', '0'];
  expect(await refusals('-p', 'x', ...noise, ...windows)).toEqual([
    2,
    [
      "--noise: 'pink' is none of default, constant, repeated, shuffled, freeNoise",
      '--save-every: expected a whole number from 1',
      '--save-every: needs --save-state',
      expect.stringMatching(/^--guidance-rescale: .*1/),
      expect.stringMatching(/^--motion-end: .*0/),
      '--free-init: expected a whole number from 1 to 100',
      "--context-overlap: expected fewer frames than a window's 8, got 8",
    ],
  ]);
  expect(await refusals('-p', 'x', '--loop', '--context-schedule', 'static')).toEqual([
    2,
    [expect.stringMatching(/^--loop: a loop needs the schedule 'looped'/)],
  ]);
});

test('a window that is too long for the module is told by the option’s name', async () => {
  const { code, stderr } = await generate(...size, '--context-length', '40');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^--context-length: .*at most 32 frames/)]);
});
