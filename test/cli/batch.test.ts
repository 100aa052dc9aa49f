import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine, type Result } from './support/command-line.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

const model = ['-c', fixture('tiny-sd15/model'), '-m', fixture('tiny-sd15/motion/v2.ckpt')];
const size = ['--width', '32', '--frames', '2', '--steps', '1'];
const generate = (...args: string[]): Promise<Result> => cli.run(['generate', ...model, ...size, ...args]);
const bytes = (name: string): string => readFileSync(join(cli.folder, name)).toString('hex');
const file = (name: string, ...lines: string[]): string => {
  writeFileSync(join(cli.folder, name), lines.join('\n'));
  return name;
};

test('prompts of a file, with seeds, become numbered files, the same as one by one', async () => {
  const prompts = file('prompts.txt', '\uFEFFa red circle', '', ' a blue square \r');
  const { code, stdout, stderr } = await generate(
    ...['--prompts-file', prompts, '--seeds', '3,4', '-o', 'many/a.gif', '--sheet', 'many/s.png', '-q'],
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n')).toEqual([
    'seed 3: many/a-001.gif, many/s-001.png',
    'seed 4: many/a-002.gif, many/s-002.png',
    'seed 3: many/a-003.gif, many/s-003.png',
    'seed 4: many/a-004.gif, many/s-004.png',
  ]);
  expect(readdirSync(join(cli.folder, 'many')).length).toBe(8);
  await generate('-p', 'a blue square', '--seed', '4', '-o', 'one.gif', '-q');
  expect(bytes('many/a-004.gif')).toBe(bytes('one.gif'));
});

test('lines of JSON have options of their own', async () => {
  const prompts = file(
    'jobs.jsonl',
    '{"prompt": {"0": "a cat", "1": "a dog"}, "seed": 7, "motionScale": 1.2}',
    '{"prompt": "a cat", "numFrames": 1}',
  );
  const { code, stdout } = await generate('--prompts-file', prompts, '--seed', '9', '-o', 'j.gif', '-q');
  expect([code, stdout]).toEqual([0, 'seed 7: j-001.gif\nseed 9: j-002.gif\n']);
  const alone = ['--prompt', 'a cat', '--prompt-at', '1=a dog', '--motion-scale', '1.2', '--seed', '7'];
  await generate(...alone, '-o', 'j.gif', '-q');
  expect(bytes('j-001.gif')).toBe(bytes('j.gif'));
});

test('--count takes the seeds from --seed on, and progress tells which animation it is', async () => {
  const { code, stdout, stderr } = await generate(
    '-p',
    'a cat',
    '--seed',
    '8',
    '--count',
    '2',
    '-o',
    'c.gif',
  );
  expect([code, stdout]).toEqual([0, 'seed 8: c-001.gif\nseed 9: c-002.gif\n']);
  expect(stderr).toContain('1 of 2: denoising 1/1: 100%');
  expect(stderr).toContain('2 of 2: denoising 1/1: 100%');
});

test('lines of JSON on the way out tell whose they are', async () => {
  const { stdout } = await generate('-p', 'a cat', '--seeds', '8,9', '--json', '-o', 'out.gif');
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; item?: object; path?: string });
  const written = events.filter(({ type }) => type === 'file-written');
  expect(written).toEqual([
    {
      type: 'file-written',
      item: { index: 0, count: 2, job: 0, prompt: 'a cat', seed: 8 },
      path: 'out-001.gif',
    },
    {
      type: 'file-written',
      item: { index: 1, count: 2, job: 0, prompt: 'a cat', seed: 9 },
      path: 'out-002.gif',
    },
  ]);
});

test('a wrong line is told by its number, before anything is loaded', async () => {
  const attempt = (...args: string[]) => cli.run(['generate', '-c', 'nowhere', ...args]);
  const prompts = file(
    'wrong',
    'a cat',
    '{"prompt": "a dog", "frames": 3}',
    '{"prompt": 3}',
    '{a dog',
    '[1]',
  );
  // The checkpoint comes first: it is opened before any file of ours is read.
  const model = ['-c', fixture('tiny-sd15/model')];
  const { code, stderr } = await cli.run(['generate', ...model, '--prompts-file', prompts]);
  expect([code, stderr.split('\n\n')[0]!.split('\n')]).toEqual([
    2,
    [
      expect.stringMatching(/^--prompts-file: line 2: .*frames/),
      expect.stringMatching(/^--prompts-file: line 3: prompt: expected text/),
      '--prompts-file: line 4: expected JSON, or a prompt',
    ],
  ]);
  const empty = await cli.run(['generate', ...model, '--prompts-file', file('empty', '', ' ')]);
  expect(empty.stderr).toContain('--prompts-file: empty holds no prompt');
  const missing = await cli.run(['generate', ...model, '--prompts-file', 'no.txt']);
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/^no\.txt cannot be read: /)]);
  const clashes = await attempt(
    '-p',
    'x',
    '--prompts-file',
    'a',
    '--seeds',
    '1,x',
    '--count',
    '0',
    '--resume',
    'y',
  );
  expect(clashes.stderr.split('\n\n')[0]!.split('\n')).toEqual([
    '--prompt: the generation of --resume has its own; leave it out',
    '--prompts-file: the generation of --resume has its own; leave it out',
    '--seeds: the generation of --resume has its own; leave it out',
    '--count: the generation of --resume has its own; leave it out',
    "--seeds: expected numbers such as 1,2,3, got '1,x'",
    '--count: expected a whole number from 1 to 10000',
    '--prompts-file: has the prompts; leave out --prompt',
    '--seeds: has the seeds; leave out --count',
  ]);
  const alone = await attempt('-p', 'x', '--keep-going', '--save-state', 'y');
  expect(alone.stderr).toMatch(/^--keep-going: needs --prompts-file, --seeds or --count$/m);
  const saving = await attempt('-p', 'x', '--count', '2', '--save-state', 'y');
  expect(saving.stderr).toMatch(/^--count: makes many animations; leave out --save-state$/m);
});

test('an endless file is not read to its end', async () => {
  const { code, stderr } = await generate('--prompts-file', '/dev/zero');
  expect([code, stderr]).toEqual([1, '/dev/zero cannot be read: it is larger than 16 MB\n']);
});
