import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine, type RunOptions } from './support/command-line.js';
import { embedded } from './support/embedded.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

const written = (start: string): string[] => readdirSync(cli.folder).filter((name) => name.startsWith(start));
const firstBytes = (name: string): string => readFileSync(join(cli.folder, name)).toString('latin1', 0, 4);

test('makes an animation in several formats at once, and tells seed and files', async () => {
  const files = ['a.gif', 'new/a.webp', 'a.apng', 'a.png'].flatMap((name) => ['-o', name]);
  const size = ['--steps', '2', '--frames', '3', '--seed', '5'];
  const { code, stdout, stderr } = await cli.run([
    'generate',
    ...embedded,
    ...size,
    ...files,
    '--sheet',
    's.png',
  ]);
  expect([code, stdout.trim()]).toEqual([0, 'seed 5: a.gif, new/a.webp, a.apng, a.png, s.png']);
  const starts = ['a.gif', 'new/a.webp', 'a.apng', 's.png'].map(firstBytes);
  expect(starts).toEqual(['GIF8', 'RIFF', '\x89PNG', '\x89PNG']);
  expect(stderr).toContain('denoising 2/2: 100%');
});

test('makes a single image without a motion module, by default into image.png; warnings are told even when quiet', async () => {
  const model = ['-c', fixture('tiny-sd15/model'), '-p', 'a blue square', '--width', '32'];
  const sampler = ['--steps', '1', '--scheduler', 'dpmpp_sde'];
  const { code, stdout, stderr } = await cli.run(['generate', ...model, ...sampler, '--quiet']);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: DPM\+\+ SDE does not exist.*\n$/)]);
  expect(stdout).toMatch(/^seed \d+: image\.png$/m);
  expect(firstBytes('image.png')).toBe('\x89PNG');
});

test('enlarges pixels in what is written', async () => {
  const size = ['--steps', '1', '--frames', '1', '--enlarge', '3', '-q', '-o', 'large.gif'];
  expect((await cli.run(['generate', ...embedded, ...size])).code).toBe(0);
  expect(readFileSync(join(cli.folder, 'large.gif')).readUInt16LE(6)).toBe(192);
});

test('gives events as lines of JSON, without pixels and latents', async () => {
  const size = ['--steps', '1', '--frames', '2', '--scheduler', 'ddim', '--json', '-o', 'j.gif'];
  const { stdout, stderr } = await cli.run(['generate', ...embedded, ...size]);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  const types = events.map(({ type }) => type).filter((type) => type !== 'warning');
  expect(types.filter((type) => type !== 'load-progress')).toEqual([
    'generation-start',
    'step-end',
    'frame-decoded',
    'frame-decoded',
    'generation-end',
    'file-written',
  ]);
  expect(types[0]).toBe('load-progress');
  expect(events.at(-1)).toEqual({ type: 'file-written', path: 'j.gif' });
  expect([stderr, stdout.length < 20_000]).toEqual(['', true]);
});

test('finds out before any work what could not be written', async () => {
  mkdirSync(join(cli.folder, 'folder.gif'));
  writeFileSync(join(cli.folder, 'file'), '');
  const attempt = (...args: string[]) => cli.run(['generate', ...embedded, ...args], { env: { PATH: '' } });
  const results = [
    await attempt('-o', 'folder.gif'),
    await attempt('-o', 'file/a.gif'),
    await attempt('-o', 'a.mp4'),
    await attempt('-o', 'b.gif', '--fps', '100'),
  ];
  expect(results.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
  expect(results.map(({ stderr }) => stderr)).toEqual([
    'folder.gif cannot be written: it is a folder\n',
    expect.stringMatching(/^file\/a\.gif cannot be written: /),
    expect.stringMatching(/^unsupported: MP4 needs ffmpeg/),
    expect.stringMatching(/^invalid-options: GIF: fps 100 is out of reach/),
  ]);
});

test('names a file that is not there, without a stack', async () => {
  const { code, stderr } = await cli.run(['generate', '-c', 'nowhere.safetensors', '-p', 'x']);
  expect([code, stderr]).toEqual([1, 'invalid-options: there is no file or folder at nowhere.safetensors\n']);
  const debug = await cli.run(['generate', '-c', 'nowhere.safetensors', '-p', 'x', '--debug']);
  expect([debug.code, debug.stderr]).toEqual([1, expect.stringContaining('    at ')]);
});

const endless = ['generate', ...embedded, '--width', '128', '--steps', '500', '-o', 'never.gif'];

/** Sends Ctrl-C when each of the texts has been seen. */
function interruptAt(...texts: string[]): NonNullable<RunOptions['during']> {
  const left = [...texts];
  return (child, seen) => {
    if (left[0] === undefined || !seen.includes(left[0])) return;
    left.shift();
    child.kill('SIGINT');
  };
}

test.each(['reading unet', 'denoising'])(
  'an interrupt while %s ends it and leaves no file',
  async (phase) => {
    const { code, stderr } = await cli.run(endless, { during: interruptAt(phase) });
    expect([code, stderr.trim().split('\n').at(-1)]).toEqual([130, 'interrupted']);
    expect(written('never')).toEqual([]);
  },
);

test('a second interrupt ends at once', async () => {
  const large = [...endless, '--width', '256'];
  const { code, signal, stderr } = await cli.run(large, {
    during: interruptAt('denoising', 'stopping'),
  });
  expect([code, signal]).toEqual([null, 'SIGINT']);
  expect(stderr).not.toContain('interrupted');
  expect(written('never')).toEqual([]);
});
