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
const size = ['-p', 'a red circle', '--width', '64', '--frames', '1', '--steps', '1', '--seed', '5'];

test('FreeU changes what is made, alone or with its factors and version', async () => {
  const make = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await cli.run(['generate', ...model, ...size, ...args, '-o', 'a.png']);
    expect([args, code, stderr]).toEqual([args, 0, '']);
    return readFileSync(join(cli.folder, 'a.png')).toString('base64');
  };
  const usual = await make('--free-u');
  expect(await make('--free-u-factors', '1.5,1.6,0.9,0.2')).toBe(usual);
  const others = [await make(), await make('--free-u', '--free-u-version', '2')];
  expect(new Set([usual, ...others]).size).toBe(3);
}, 120_000);

test.each([
  [
    ['--free-u-factors', '1,2,3'],
    "--free-u-factors: expected four numbers B1,B2,S1,S2 such as 1.5,1.6,0.9,0.2, got '1,2,3'",
  ],
  [['--free-u-factors', '1,2,3,11'], '--free-u-factors: s2: Too big: expected number to be <=10'],
  [['--free-u-version', '3'], '--free-u-version: Invalid option: expected one of 1|2'],
])('%j are refused before a model is loaded', async (args, message) => {
  const { code, stderr } = await cli.run(['generate', '-c', 'nowhere', '-p', 'x', ...args]);
  expect([code, stderr.split('\n')[0]]).toEqual([2, message]);
});
