import { readFileSync } from 'node:fs';
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
const size = ['-p', 'a red circle', '--width', '32', '--frames', '4', '--steps', '1', '--seed', '5'];
const generate = (...args: string[]): Promise<Result> => cli.run(['generate', ...model, ...size, ...args]);

test('views change what is made, each in its own way', async () => {
  const make = async (name: string, ...args: string[]): Promise<string> => {
    const { code, stderr } = await generate(...args, '-o', `${name}.gif`);
    expect([name, code, stderr]).toEqual([name, 0, '']);
    return readFileSync(join(cli.folder, `${name}.gif`)).toString('hex');
  };
  const made = [
    await make('plain'),
    await make('views', '--view-length', '2', '--view-stride', '1'),
    await make('noise', '--view-length', '2', '--view-stride', '1', '--noise', 'freeNoise'),
  ];
  expect(new Set(made).size).toBe(made.length);
}, 60_000);

test('views that do not fit are told by the option’s name, before a model is loaded where it does not matter', async () => {
  const early = await cli.run([
    'generate',
    '-c',
    'nowhere',
    '-p',
    'x',
    '--view-length',
    '4',
    '--view-stride',
    '5',
  ]);
  expect([early.code, early.stderr]).toEqual([
    2,
    expect.stringMatching(/^--view-stride: must be at most length/),
  ]);
  const late = await generate('--view-length', '40');
  expect([late.code, late.stderr]).toEqual([2, expect.stringMatching(/^--view-length: .*at most 32 frames/)]);
});
