import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GifReader } from 'omggif';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeGif } from '../../src/media/gif.js';
import { encodePng } from '../../src/media/png.js';
import { ballFrames } from '../media/sample-frames.js';
import { type CommandLine, commandLine } from './support/command-line.js';
import { embedded } from './support/embedded.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
  const frames = ballFrames(4, 80, 48);
  mkdirSync(join(cli.folder, 'frames'));
  for (const [i, frame] of frames.entries()) {
    writeFileSync(join(cli.folder, `frames/${i}.png`), await encodePng(frame));
  }
  writeFileSync(join(cli.folder, 'ball.gif'), await encodeGif(frames, { fps: 4 }));
}, 120_000);
afterAll(() => cli.remove());

const generate = (...args: string[]) =>
  cli.run(['generate', ...embedded, '--steps', '2', '--seed', '5', '-q', ...args]);

async function made(name: string, ...args: string[]): Promise<{ frames: number; bytes: string }> {
  const { code, stderr } = await generate(...args, '-o', `${name}.gif`);
  expect([name, code, stderr]).toEqual([name, 0, '']);
  const bytes = readFileSync(join(cli.folder, `${name}.gif`));
  return { frames: new GifReader(bytes).numFrames(), bytes: bytes.toString('hex') };
}

test('a folder or GIF is made over, in as many frames as it has at the rate', async () => {
  const folder = await made('folder', '--video', 'frames', '--strength', '0.5');
  expect(folder.frames).toBe(4);
  expect((await made('gif', '--video', 'ball.gif', '--strength', '0.5', '--fps', '2')).frames).toBe(2);
  expect((await made('some', '--video', 'frames', '--strength', '0.5', '--frames', '3')).frames).toBe(3);
  const contained = await made('contained', '--video', 'frames', '--strength', '0.5', '--fit', 'contain');
  expect(contained.bytes).not.toBe(folder.bytes);
}, 120_000);

test('pictures are taken off from and arrived at, and noise is injected', async () => {
  const size = ['--frames', '3'];
  const all = [
    await made('plain', ...size),
    await made('image', ...size, '--image', 'frames/0.png'),
    await made('both', ...size, '--image', 'frames/0.png', '--last-image', 'frames/3.png'),
    await made('still', ...size, '--video', 'frames/0.png', '--strength', '0.5'),
    await made('injected', ...size, '--noise-injection', '0.5', '--noise-injection-strength', '0.5'),
  ];
  expect(all.map(({ frames }) => frames)).toEqual([3, 3, 3, 3, 3]);
  expect(new Set(all.map(({ bytes }) => bytes)).size).toBe(5);
}, 120_000);

test('a file that cannot be read is told before a model is loaded', async () => {
  writeFileSync(join(cli.folder, 'cut.png'), readFileSync(join(cli.folder, 'frames/0.png')).subarray(0, 90));
  const missing = await generate('--image', 'nowhere.png');
  expect([missing.code, missing.stderr]).toEqual([
    1,
    expect.stringMatching(/^invalid-options: readFrames: nowhere\.png cannot be read: ENOENT/),
  ]);
  const cut = await generate('--video', 'cut.png');
  expect([cut.code, cut.stderr]).toEqual([
    1,
    'weights-format: cut.png cannot be read: the PNG is cut short\n',
  ]);
});

test('options that do not go together are told by their names', async () => {
  const { code, stderr } = await generate(
    '--strength',
    '2',
    '--last-image',
    'x.png',
    '--noise-injection',
    '0.5,2',
  );
  expect([code, stderr.trim().split('\n').slice(0, 4)]).toEqual([
    2,
    [
      expect.stringMatching(/^--noise-injection: /),
      '--strength: needs --video',
      '--strength: expected 0 to 1',
      '--last-image: needs --image',
    ],
  ]);
});

const ffmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
test.skipIf(!ffmpeg)(
  'a video is made over',
  async () => {
    expect((await generate('--frames', '4', '-o', 'clip.mp4', '--steps', '1')).code).toBe(0);
    expect((await made('video', '--video', 'clip.mp4', '--strength', '0.5')).frames).toBe(4);
  },
  120_000,
);
