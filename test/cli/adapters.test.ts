import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scaledPath, tokenPath } from '../../src/cli/adapter-options.js';
import { writeSafetensors } from '../../src/weights/safetensors-writer.js';
import { module, type Values, values } from '../adapters/files.js';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine, type Result } from './support/command-line.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
  for (const name of ['style-kohya.safetensors', 'motion-lora-a.ckpt', 'domain-adapter.ckpt']) {
    copyFileSync(fixture('tiny-sd15/adapters', name), join(cli.folder, name));
  }
  write('learned.safetensors', { emb_params: values(1, 2, 64) });
});
afterAll(() => cli.remove());

function write(name: string, tensors: Record<string, Values>): void {
  const list = Object.entries(tensors).map(([key, { shape, data }]) => ({
    name: key,
    type: 'f32' as const,
    shape,
    bytes: new Uint8Array(data.buffer),
  }));
  writeFileSync(join(cli.folder, name), writeSafetensors(list));
}

const tiny = [
  ...['generate', '-c', fixture('tiny-sd15/model'), '-m', fixture('tiny-sd15/motion/v2.ckpt')],
  ...['--width', '64', '--frames', '2', '--steps', '2', '--seed', '5', '-q', '-o', 'a.apng'],
];
const made = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await cli.run([...tiny, '-p', 'a red circle', ...args]);
  expect([code, stderr]).toEqual([0, '']);
  return readFileSync(join(cli.folder, 'a.apng')).toString('base64');
};

/** The largest difference between two pictures' channels. */
function difference(one: string, other: string): number {
  const [a, b] = [one, other].map((png) => decode(Buffer.from(png, 'base64')).data) as [
    Uint8Array,
    Uint8Array,
  ];
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe('a scale', () => {
  test.each([
    ['style.safetensors', 'style.safetensors', undefined],
    ['style.safetensors:0.8', 'style.safetensors', 0.8],
    ['style.safetensors:-1', 'style.safetensors', -1],
    ['style.safetensors:.5', 'style.safetensors', 0.5],
    ['style.safetensors:1e-1', 'style.safetensors', 0.1],
    ['C:\\loras\\style.safetensors', 'C:\\loras\\style.safetensors', undefined],
    ['C:\\loras\\style.safetensors:0.8', 'C:\\loras\\style.safetensors', 0.8],
    ['https://example.org/style.safetensors', 'https://example.org/style.safetensors', undefined],
    ['https://example.org:8080/style.safetensors:1', 'https://example.org:8080/style.safetensors', 1],
    ['http://localhost:8080', 'http://localhost:8080', undefined],
    ['a:b:2', 'a:b', 2],
    ['2', '2', undefined],
  ])('is a number at the very end: %s', (text, path, scale) => {
    expect(scaledPath(text)).toEqual({ path, scale });
  });
});

describe('a word', () => {
  test.each([
    ['bad.pt', 'bad.pt', undefined],
    ['bad.pt:ugly', 'bad.pt', 'ugly'],
    ['bad.pt:<cat-toy>', 'bad.pt', '<cat-toy>'],
    ['folder:ugly', 'folder', 'ugly'],
    ['C:\\embeddings\\bad.pt', 'C:\\embeddings\\bad.pt', undefined],
    ['C:bad.pt', 'C:bad.pt', undefined],
    ['C:\\bad.pt:ugly', 'C:\\bad.pt', 'ugly'],
    ['https://example.org/bad.pt', 'https://example.org/bad.pt', undefined],
    ['https://example.org:8080/bad.pt:ugly', 'https://example.org:8080/bad.pt', 'ugly'],
  ])('follows the last colon: %s', (text, path, token) => {
    expect(tokenPath(text)).toEqual({ path, token });
  });
});

test('animations are made with adapters, under options that say what they are or one that finds out', async () => {
  const plain = await made();
  const named = await made('--lora', 'style-kohya.safetensors:0.7', '--motion-lora', 'motion-lora-a.ckpt');
  const found = await made('--adapter', 'motion-lora-a.ckpt', '--adapter', 'style-kohya.safetensors:0.7');
  const off = await made('--lora', 'style-kohya.safetensors:0', '--domain-adapter', 'domain-adapter.ckpt:0');
  const weak = await made('--lora', 'style-kohya.safetensors:0.1', '--motion-lora', 'motion-lora-a.ckpt');
  expect([found, off]).toEqual([named, plain]);
  expect(new Set([plain, named, weak]).size).toBe(3);
});

test('live adapters do the same, and the same file may be given twice', async () => {
  const twice = ['style-kohya.safetensors:0.4', 'style-kohya.safetensors:0.3'].flatMap((text) => [
    '--lora',
    text,
  ]);
  const [plain, once] = [await made(), await made('--lora', 'style-kohya.safetensors:0.7')];
  // Rounding shows, but little against what the adapter does.
  expect(10 * difference(await made('--live', ...twice), once)).toBeLessThan(difference(once, plain));
  expect(await made('--live', '--lora', 'style-kohya.safetensors:0')).toBe(plain);
});

test('embeddings teach words', async () => {
  const prompt = ['-p', 'a learned circle'];
  const plain = await made(...prompt);
  const learned = await made(...prompt, '--embedding', 'learned.safetensors');
  expect(learned).not.toBe(plain);
  expect(await made(...prompt, '--adapter', 'learned.safetensors')).toBe(learned);
  expect(await made('-p', 'a <it> circle', '--embedding', 'learned.safetensors:<it>')).toBe(learned);
});

test('wrong values are told at once, before anything is loaded', async () => {
  const { code, stderr } = await cli.run([
    ...[
      'generate',
      '-c',
      'nowhere',
      '-p',
      'x',
      '--live=yes',
      '--lora',
      ':0.5',
      '--lora',
      'a.safetensors:0,8',
    ],
    ...['--motion-lora', 'b.ckpt:', '--domain-adapter', 'c.ckpt:1e999', '--adapter', 'd.pt:strong'],
  ]);
  expect([code, stderr.split('\n')]).toEqual([
    2,
    [
      '--live takes no value',
      "--lora: ':0.5' names no file",
      "--lora: '0,8' of 'a.safetensors:0,8' is no scale: expected a number, such as 0.8",
      "--motion-lora: '' of 'b.ckpt:' is no scale: expected a number, such as 0.8",
      "--domain-adapter: the scale of 'c.ckpt:1e999' is too large",
      "--adapter: 'strong' of 'd.pt:strong' is no scale: expected a number, such as 0.8",
      '',
      'animatediff generate --help tells more',
      '',
    ],
  ]);
});

test('what only the files can tell is told with their names', async () => {
  const attempt = async (...args: string[]): Promise<[number | null, string]> => {
    const { code, stderr }: Result = await cli.run([...tiny, '-p', 'x', ...args]);
    return [code, stderr.split('\n')[0]!];
  };
  expect(await attempt('--adapter', 'learned.safetensors:0.5')).toEqual([
    2,
    '--adapter: learned.safetensors is a textual inversion, which has no scale',
  ]);
  expect(await attempt('--lora', 'nowhere.safetensors:0.5')).toEqual([
    1,
    'invalid-options: there is no file or folder at nowhere.safetensors',
  ]);
  expect(await attempt('--lora', 'motion-lora-a.ckpt')).toEqual([
    1,
    'weights-mismatch: motion-lora-a.ckpt: this is a MotionLoRA: use motionLora()',
  ]);
});

test('inspect tells of an adapter what is in it, how it is given, and what of it is not used', async () => {
  const pair = { '.lora_up.weight': values(1, 32, 4), '.lora_down.weight': values(2, 4, 32) };
  write('odd.safetensors', { ...module(pair), 'what.is.this': values(3, 1) });
  const files = [
    'style-kohya.safetensors',
    'motion-lora-a.ckpt',
    'domain-adapter.ckpt',
    'learned.safetensors',
  ];
  const { code, stdout } = await cli.run(['inspect', ...files, 'odd.safetensors']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/give it as +'adapters': \[lora\(…\)\], or --lora\n/);
  expect(stdout).toMatch(
    /contents +LoRA on 187 layers of the image UNet, text encoder, rank 2 to 4, kohya names\n/,
  );
  expect(stdout).toMatch(/give it as +'adapters': \[motionLora\(…\)\], or --motion-lora\n/);
  expect(stdout).toMatch(/give it as +'adapters': \[domainAdapter\(…\)\], or --domain-adapter\n/);
  expect(stdout).toMatch(/give it as +'adapters': \[textualInversion\(…\)\], or --embedding\n/);
  expect(stdout).toMatch(/contents +2 vectors of width 64/);
  expect(stdout).toMatch(/warning +odd\.safetensors: .*'what\.is\.this'/);
});

test('inspect finds the adapter of a folder, and tells what is wrong with one', async () => {
  mkdirSync(join(cli.folder, 'folder'));
  copyFileSync(
    join(cli.folder, 'style-kohya.safetensors'),
    join(cli.folder, 'folder/pytorch_lora_weights.safetensors'),
  );
  write('torn.safetensors', module({ '.lora_up.weight': values(1, 32, 4) }));
  const { stdout } = await cli.run(['inspect', '--json', 'folder', 'torn.safetensors']);
  const [folder, torn] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(folder).toMatchObject({
    kind: 'lora',
    roles: ['adapters'],
    contents: expect.stringMatching(/^LoRA on 187/),
  });
  expect(torn).toMatchObject({ kind: 'lora', problem: expect.stringMatching(/incomplete/) });
});
