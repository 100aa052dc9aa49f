import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandLine, commandLine } from './support/command-line.js';
import { embedded } from './support/embedded.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

test('tells everything that is wrong with the arguments at once, by their own names', async () => {
  const wrong = ['--stpes', '3', '--frames', 'many', '--device', 'gpu', '--steps', '0', '--seed', '-1'];
  const files = ['-o', 'a.bmp', '--sheet', 's.jpg', '--enlarge', '0.5', '--threads', '0'];
  const { code, stdout, stderr } = await cli.run(['generate', ...wrong, ...files, '--quiet=yes']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.split('\n')).toEqual([
    'unknown option --stpes',
    '--quiet takes no value',
    '--checkpoint is needed',
    "--frames: 'many' is not a number",
    "--device: 'gpu' is none of cpu, webgpu, cuda",
    "unexpected argument '3'",
    '--prompt is needed',
    expect.stringMatching(/^--steps: .*1/),
    expect.stringMatching(/^--seed: .*0/),
    expect.stringMatching(/^--threads: .*1/),
    expect.stringMatching(/'a\.bmp'.*\.gif/),
    "--sheet: 's.jpg' does not end in .png",
    '--enlarge: expected a whole number from 1 to 64',
    '',
    'animatediff generate --help tells more',
    '',
  ]);
});

test('what only the model can tell is told by the same names', async () => {
  const { code, stderr } = await cli.run(['generate', ...embedded, '--quiet', '--width', '100']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^--width: .*multiple of 8/)]);
});

test('an option that is followed by another has no value', async () => {
  const { stderr } = await cli.run(['generate', '--prompt', '--checkpoint', 'x']);
  expect(stderr).toContain('--prompt needs a value');
});

test('every command refuses arguments that it does not know', async () => {
  for (const args of [['dance'], ['doctor', 'x'], ['inspect'], ['cache', 'burn'], ['plan', 'x', '--bad']]) {
    expect([args, (await cli.run(args)).code]).toEqual([args, 2]);
  }
});

test('explains itself', async () => {
  expect((await cli.run(['--help'])).stdout).toMatch(/^ {2}generate +make an animation$/m);
  const help = await cli.run(['generate', '--help']);
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('--guidance X')]);
  expect((await cli.run(['help', 'generate'])).stdout).toBe(help.stdout);
  expect((await cli.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/);
});
