import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fixture } from '../support/tiny-model.js';

const root = resolve(import.meta.dirname, '../..');
const out = mkdtempSync(join(tmpdir(), 'animatediff-cli-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command. */
function run(
  args: readonly string[],
  during?: (child: ReturnType<typeof spawn>, stderr: string) => void,
): Promise<Result> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...args], { cwd: out });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
      during?.(child, stderr);
    });
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

const toy = [
  ...['-c', join(root, 'models/toy/model'), '-m', join(root, 'models/toy/motion/toy-motion.safetensors')],
  ...['--motion-group-norm', 'diffusers', '--guidance', '5', '-p', 'a red circle on a black background'],
];

test('makes an animation in several formats at once, and tells seed and files', async () => {
  const files = ['a.gif', 'a.webp', 'a.apng', 'a.png'].flatMap((name) => ['-o', name]);
  const { code, stdout, stderr } = await run([
    'generate',
    ...toy,
    '--steps',
    '2',
    '--frames',
    '3',
    '--seed',
    '5',
    ...files,
    '--sheet',
    's.png',
  ]);
  expect({ code, stderr: stderr.includes('rror') }).toEqual({ code: 0, stderr: false });
  expect(stdout.trim()).toBe('seed 5: a.gif, a.webp, a.apng, a.png, s.png');
  const starts = ['a.gif', 'a.webp', 'a.apng', 's.png'].map((name) =>
    readFileSync(join(out, name)).subarray(0, 4).toString('latin1'),
  );
  expect(starts).toEqual(['GIF8', 'RIFF', '\x89PNG', '\x89PNG']);
  expect(stderr).toContain('denoising 2/2: 100%');
});

test('makes a single image without a motion module', async () => {
  const { code } = await run([
    'generate',
    ...toy.slice(0, 2),
    '-p',
    'a blue square',
    '--steps',
    '1',
    '--quiet',
    '-o',
    'still.png',
  ]);
  expect(code).toBe(0);
  expect(existsSync(join(out, 'still.png'))).toBe(true);
});

test('gives events as lines of JSON', async () => {
  const { stdout } = await run([
    'generate',
    ...toy,
    '--steps',
    '1',
    '--frames',
    '2',
    '--json',
    '-o',
    'j.gif',
  ]);
  const types = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type);
  expect(types.filter((type) => type !== 'warning')).toEqual([
    'generation-start',
    'step-end',
    'frame-decoded',
    'frame-decoded',
    'generation-end',
  ]);
});

test('tells everything that is wrong with the arguments, before any work', async () => {
  const { code, stderr } = await run(['generate', '--stpes', '3', '--frames', 'many', '--device', 'gpu']);
  expect(code).toBe(2);
  for (const problem of [
    'unknown option --stpes',
    "--frames: 'many' is not a number",
    "--device: 'gpu' is none of cpu, webgpu, cuda",
  ]) {
    expect(stderr).toContain(problem);
  }
  const late = await run(['generate', ...toy, '-o', 'a.bmp']);
  expect([late.code, late.stderr]).toEqual([1, expect.stringContaining('a.bmp')]);
});

test('names a file that is not there, without a stack', async () => {
  const { code, stderr } = await run(['generate', '-c', 'nowhere.safetensors', '-p', 'x']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^invalid-options: .*nowhere\.safetensors/);
  expect(stderr).not.toContain('    at ');
});

test('an interrupt ends a generation cleanly and leaves no file', async () => {
  let interrupted = false;
  const { code, stderr } = await run(
    ['generate', ...toy, '--steps', '500', '-o', 'never.gif'],
    (child, seen) => {
      if (interrupted || !seen.includes('denoising')) return;
      interrupted = true;
      child.kill('SIGINT');
    },
  );
  expect([code, stderr.trim().split('\n').at(-1)]).toEqual([130, 'interrupted']);
  expect(readdirSync(out).filter((name) => name.startsWith('never'))).toEqual([]);
});

test('inspects files and folders', async () => {
  const motion = await run(['inspect', fixture('tiny-sd15/motion/v2.ckpt')]);
  expect(motion.stdout).toMatch(/v2/);
  expect(motion.stdout).toMatch(/give it as +'motionModule'/);
  const folder = await run(['inspect', '--json', fixture('tiny-sd15/model')]);
  const kinds = folder.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  expect(kinds).toEqual(['unet', 'vae', 'text-encoder']);
  expect((await run(['inspect', '--tensors', fixture('tiny-sd15/motion/v2.ckpt')])).stdout).toContain(
    '[64, 64]',
  );
});

test('plans memory and examines the machine', async () => {
  const plan = await run(['plan', ...toy.slice(0, 4), '--frames', '16']);
  expect(plan.stdout).toMatch(/residency 'all': about .* at the peak/);
  const report = JSON.parse((await run(['doctor', '--json'])).stdout) as {
    devices: { device: string; available: boolean }[];
  };
  expect(report.devices).toContainEqual(expect.objectContaining({ device: 'cpu', available: true }));
});

test('lists and clears the weights cache', async () => {
  const where = ['--directory', join(out, 'cache')];
  expect((await run(['cache', 'list', ...where])).stdout).toContain('0 B');
  expect((await run(['cache', 'clear', ...where])).stdout).toContain('removed');
  expect((await run(['cache', 'burn'])).code).toBe(2);
});

test('explains itself', async () => {
  expect((await run(['--help'])).stdout).toContain('generate  make an animation');
  expect((await run(['generate', '--help'])).stdout).toContain('--guidance');
  expect((await run(['--version'])).stdout.trim()).toMatch(/^\d+\.\d+\.\d+/);
  expect((await run(['dance'])).code).toBe(2);
});
