import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine } from './support/command-line.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

test('--preview keeps a small picture of the latest step', async () => {
  const model = ['-c', fixture('tiny-sd15/model'), '-m', fixture('tiny-sd15/motion/v2.ckpt')];
  const size = ['-p', 'a red circle', '--width', '32', '--frames', '4', '--steps', '2', '--seed', '5'];
  const result = await cli.run([
    'generate',
    ...model,
    ...size,
    '--json',
    '--preview',
    'p/now.png',
    '-o',
    'a.gif',
  ]);
  expect([result.code, result.stderr]).toEqual([0, '']);
  const written = result.stdout.split('\n').filter((line) => line.includes('now.png'));
  expect(written).toHaveLength(2);
  const { width, height } = decode(readFileSync(join(cli.folder, 'p/now.png')));
  // Four frames of 4 by 4 latents.
  expect(width * height).toBeGreaterThanOrEqual(64);
  expect(width * height).toBeLessThan(1000);
});

test('it has to be a PNG', async () => {
  const { code, stderr } = await cli.run(['generate', '-c', 'nowhere', '-p', 'x', '--preview', 'a.gif']);
  expect([code, stderr]).toEqual([2, expect.stringContaining("--preview: 'a.gif' does not end in .png")]);
});
