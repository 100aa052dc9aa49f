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

const model = [
  '-c',
  fixture('tiny-sd15/model'),
  '-m',
  fixture('tiny-sd15/motion/v2.ckpt'),
  '-q',
  '--threads',
  '1',
];
const size = ['-p', 'a red circle', '--width', '64', '--frames', '1', '--steps', '1', '--seed', '5'];

test('--vae-tiling chooses the tiles', async () => {
  const make = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await cli.run(['generate', ...model, ...size, ...args, '-o', 'a.png']);
    expect([args, code, stderr]).toEqual([args, 0, '']);
    return readFileSync(join(cli.folder, 'a.png')).toString('base64');
  };
  const whole = await make();
  // A frame of 64 pixels fits into one tile of the usual size.
  expect(await make('--vae-tiling', 'on')).toBe(whole);
  const tiled = [await make('--vae-tiling', '32'), await make('--vae-tiling', '48,16')];
  expect(new Set([whole, ...tiled]).size).toBe(3);
}, 120_000);

test.each([
  ['some', "--vae-tiling: expected auto, on, off, or pixels such as 512 or 512,128, got 'some'"],
  ['512,', "--vae-tiling: expected auto, on, off, or pixels such as 512 or 512,128, got '512,'"],
  ['512,264', '--vae-tiling: overlap: Too big: expected at most half of a tile'],
])('--vae-tiling %s is refused before a model is loaded', async (tiles, message) => {
  const { code, stderr } = await cli.run(['generate', '-c', 'nowhere', '-p', 'x', '--vae-tiling', tiles]);
  expect([code, stderr.split('\n')[0]]).toEqual([2, message]);
});
