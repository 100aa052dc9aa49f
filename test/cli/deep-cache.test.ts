import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine } from './support/command-line.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

const model = ['-c', fixture('tiny-sd15/model'), '-m', fixture('tiny-sd15/motion/v2.ckpt'), '-q'];
const size = ['-p', 'a red circle', '--width', '64', '--frames', '1', '--steps', '2', '--seed', '5'];

test('deep features and an interval of guidance change what is made', async () => {
  const make = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await cli.run(['generate', ...model, ...size, ...args, '-o', 'a.png']);
    expect([args, code, stderr]).toEqual([args, 0, '']);
    return readFileSync(join(cli.folder, 'a.png')).toString('base64');
  };
  const plain = await make();
  expect(await make('--deep-cache', '1', '--guidance-interval', '0,1')).toBe(plain);
  const others = [await make('--deep-cache', '2'), await make('--guidance-interval', '0,0.5')];
  expect(new Set([plain, ...others]).size).toBe(3);
}, 240_000);

test.each([
  [['--deep-cache', '0'], '--deep-cache: Too small: expected number to be >=1'],
  [['--deep-cache-branch', '-1'], '--deep-cache-branch: Too small: expected number to be >=0'],
  [['--guidance-interval', '0.5'], "--guidance-interval: expected two shares such as 0.2,0.8, got '0.5'"],
  [
    ['--guidance-interval', '0.8,0.2'],
    '--guidance-interval: expected a start below the end, such as [0.2, 0.8]',
  ],
])('%j are refused before a model is loaded', async (args, message) => {
  const { code, stderr } = await cli.run(['generate', '-c', 'nowhere', '-p', 'x', ...args]);
  expect([code, stderr.split('\n')[0]]).toEqual([2, message]);
});
