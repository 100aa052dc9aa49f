import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeGif, type Frame } from 'animatediff-js/media';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine, type Result, type RunOptions } from './support/command-line.js';

// Graphs of ten thousand nodes take seconds to load.
vi.setConfig({ testTimeout: 300_000 });

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
  mkdirSync(join(cli.folder, 'clips'));
  for (const [index, name] of ['left', 'right'].entries()) {
    const frames = Array.from({ length: 3 }, (_, frame) => square(8 * index + 4 * frame));
    writeFileSync(join(cli.folder, 'clips', `${name}.gif`), await encodeGif(frames, { fps: 8 }));
    writeFileSync(join(cli.folder, 'clips', `${name}.txt`), `a square on the ${name}`);
  }
});
afterAll(() => cli.remove());

function square(left: number): Frame {
  const data = new Uint8ClampedArray(32 * 32 * 4).map((_, i) => {
    const [x, y] = [(i >> 2) % 32, (i >> 2) >> 5];
    return i % 4 === 3 || (x >= left && x < left + 8 && y > 8 && y < 24) ? 255 : 40;
  });
  return { width: 32, height: 32, data };
}

const checkpoint = ['--checkpoint', fixture('tiny-sd15/model')];
const motion = ['--motion', fixture('tiny-sd15/motion/v2.ckpt')];
const common = [...checkpoint, '--clips', 'clips', '--width', '32', '--learning-rate', '0.01'];
const train = (kind: string, args: readonly string[], options?: RunOptions): Promise<Result> =>
  cli.run(['train', kind, ...common, ...args], options);
const bytes = (name: string): Buffer => readFileSync(join(cli.folder, name));

const domain = ['--steps', '3', '--rank', '2', '--latents', 'latents'];

test('a domain adapter is trained, with progress, a loss plot, samples and latents that are kept', async () => {
  const samples = ['--samples-every', '2', '--sample-prompt', 'a square', '--sample-steps', '1'];
  const files = ['-o', 'new/look.safetensors', '--loss-plot', 'loss.svg'];
  const { code, stdout, stderr } = await train('domain-adapter', [...domain, ...samples, ...files]);
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/^new\/look\.safetensors: 3 steps, loss [\d.]+\n$/),
  ]);
  expect(stderr).toMatch(/^training 3\/3, loss [\d.]+, gradient [\d.e-]+: 100%$/m);
  expect(bytes('loss.svg').toString()).toMatch(/^<svg .*3 steps; the running mean/);
  expect(readdirSync(join(cli.folder, 'samples'))).toEqual(['step-000002.png']);
  expect(readdirSync(join(cli.folder, 'latents'))).toHaveLength(2);
  expect(existsSync(join(cli.folder, 'new/look.safetensors.checkpoint'))).toBe(false);
});

test('Ctrl-C finishes the step, writes a checkpoint and says how to go on, to the same bytes', async () => {
  let sent = false;
  const interrupted = await train('domain-adapter', [...domain, '-o', 'a.safetensors'], {
    during(child, stderr) {
      if (!sent && /training 1\/3/.test(stderr)) sent = child.kill('SIGINT');
    },
  });
  expect([interrupted.code, interrupted.stdout]).toEqual([130, '']);
  expect(interrupted.stderr).toMatch(
    /^[12] of 3 steps are done; the same command with --resume a\.safetensors\.checkpoint goes on$/m,
  );
  expect(existsSync(join(cli.folder, 'a.safetensors'))).toBe(false);
  const resume = ['--resume', 'a.safetensors.checkpoint', '-o', 'a.safetensors', '-q'];
  const resumed = await train('domain-adapter', [...domain, ...resume]);
  expect([resumed.code, resumed.stderr]).toEqual([0, '']);
  expect(bytes('a.safetensors').equals(bytes('new/look.safetensors'))).toBe(true);
});

test('a MotionLoRA gives events as lines of JSON, without files, and is loaded again', async () => {
  const size = ['--steps', '1', '--frames', '2', '--rank', '2', '--checkpoint-every', '1', '--recompute'];
  const paths = ['--save-state', 'm.state', '-o', 'm.safetensors', '--json'];
  const { code, stdout, stderr } = await train('motion-lora', [...motion, ...size, ...paths]);
  expect([code, stderr]).toEqual([0, '']);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  expect(events.map(({ type }) => type)).toEqual([
    'clip-encoded',
    'clip-encoded',
    'training-start',
    'training-step',
    'checkpoint',
    'file-written',
    'file-written',
  ]);
  expect(events.slice(4)).toEqual([
    { type: 'checkpoint', step: 1 },
    { type: 'file-written', path: 'm.state' },
    { type: 'file-written', path: 'm.safetensors' },
  ]);
  const use = ['--motion-lora', 'm.safetensors', '-p', 'a square', '--width', '32', '--frames', '2'];
  const made = await cli.run([
    'generate',
    ...checkpoint,
    ...motion,
    ...use,
    '--steps',
    '1',
    '-q',
    '-o',
    'm.gif',
  ]);
  expect([made.code, made.stderr]).toEqual([0, '']);
});

test('a new motion module shows animations on the way', async () => {
  const size = ['--steps', '1', '--frames', '2', '--max-frames', '4', '--samples-every', '1'];
  const samples = ['--sample-prompt', 'a', '--sample-prompt', 'b', '--sample-steps', '1', '--samples', 's'];
  const { code, stderr } = await train('motion-module', [...size, ...samples, '-o', 'n.safetensors', '-q']);
  expect([code, stderr]).toEqual([0, '']);
  expect(readdirSync(join(cli.folder, 's'))).toEqual(['step-000001-1.gif', 'step-000001-2.gif']);
  expect(bytes('s/step-000001-1.gif').toString('latin1', 0, 4)).toBe('GIF8');
});

test('tells everything that is wrong at once, by its own names, before anything is read', async () => {
  const wrong = ['--steps', '0', '--learning-rate', '-1', '--schedule', 'x', '--rank', '0', '--mid-block'];
  const files = ['-o', 'a.gif', '--loss-plot', 'a.png', '--samples', 'x', '--threads', '0'];
  const { code, stdout, stderr } = await cli.run([
    ...['train', 'motion-lora', '--checkpoint', 'nowhere', ...wrong, ...files],
  ]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.split('\n\n')[0]!.split('\n')).toEqual([
    '--clips is needed',
    "--schedule: 'x' is none of constant, cosine",
    '--motion is needed: the module that it is for',
    '--mid-block: is of a new motion-module; leave it out',
    expect.stringMatching(/^--steps: .*1/),
    expect.stringMatching(/^--learning-rate: .*0/),
    expect.stringMatching(/^--rank: .*1/),
    "--output: 'a.gif' does not end in .safetensors",
    "--loss-plot: 'a.png' does not end in .svg",
    '--samples: needs --samples-every',
    expect.stringMatching(/^--threads: .*1/),
  ]);
  expect((await cli.run(['train', 'dance'])).stderr).toMatch(
    /train: expected one of 'domain-adapter', 'motion-module', 'motion-lora'/,
  );
});

test('videos need ffmpeg, which the error names', async () => {
  mkdirSync(join(cli.folder, 'videos'));
  writeFileSync(join(cli.folder, 'videos', 'cat.mp4'), 'no picture of ours');
  writeFileSync(join(cli.folder, 'videos', 'cat.txt'), 'a cat');
  const args = [...checkpoint, '--clips', 'videos', '--steps', '1', '-o', 'v.safetensors'];
  const { code, stderr } = await cli.run(['train', 'domain-adapter', ...args], { env: { PATH: '' } });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/needs ffmpeg, and 'ffmpeg' was not found/)]);
});
