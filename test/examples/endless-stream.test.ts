import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { endlessStream, halfBlocks } from '../../examples/endless-stream.js';
import { fixture } from '../support/tiny-model.js';

const files = { checkpoint: fixture('tiny-sd15/model'), motionModule: fixture('tiny-sd15/motion/v2.ckpt') };

test('the endless stream gives frame after frame, until it is left', async () => {
  const seen: number[] = [];
  const options = { prompt: 'a candle', width: 32, height: 32, windowLength: 4, partitions: 1, seed: 6 };
  for await (const event of endlessStream(files, options)) {
    if (event.type === 'frame-decoded') seen.push(event.frame);
    if (seen.length === 12) break;
  }
  expect(seen).toEqual([...Array(12).keys()]);
});

test('a picture becomes text of two pixels a character', () => {
  const data = Uint8ClampedArray.from([
    ...[255, 0, 0, 255, 0, 255, 0, 255], //
    ...[0, 0, 255, 255, 9, 8, 7, 255],
  ]);
  expect(halfBlocks({ width: 2, height: 2, data }, 80)).toBe(
    '\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[38;2;0;255;0;48;2;9;8;7m▀\x1b[0m\n',
  );
  const wide = { width: 64, height: 32, data: new Uint8ClampedArray(4 * 64 * 32) };
  const lines = halfBlocks(wide, 16).trimEnd().split('\n');
  expect(lines.map((line) => line.split('▀').length - 1)).toEqual([16, 16, 16, 16]);
});

test('Ctrl-C ends it without an error, and the cursor is there again', async () => {
  const root = resolve(import.meta.dirname, '../..');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', resolve(root, 'examples/endless-stream.ts'), files.checkpoint, files.motionModule],
    { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: resolve(root, 'tsconfig.tools.json') } },
  );
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stderr, 'data'), ended]);
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(output).toBe('\x1b[?25l\x1b[?25h');
});
