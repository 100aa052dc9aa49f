import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine } from './support/command-line.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

const motion = fixture('tiny-sd15/motion/v2.ckpt');

const objects = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('tells what a file is, what takes it and what of it is not used', async () => {
  const { code, stdout } = await cli.run(['inspect', motion]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/version +v2/);
  expect(stdout).toMatch(/size +3\.49 MB/);
  expect(stdout).toMatch(/give it as +'motionModule'/);
  expect(stdout).toMatch(/ignored +21: the same positions/);
  expect(stdout).toMatch(/global_step +100/);
});

test('lists the networks of a folder', async () => {
  const { stdout } = await cli.run(['inspect', '--json', fixture('tiny-sd15/model')]);
  const networks = objects(stdout);
  expect(networks.map(({ kind }) => kind)).toEqual(['unet', 'vae', 'text-encoder']);
  expect(networks).toEqual(Array(3).fill(expect.objectContaining({ baseModel: 'sd1', unknown: [] })));
});

test('lists tensors when asked to', async () => {
  const { stdout } = await cli.run(['inspect', '--tensors', motion]);
  expect(stdout).toMatch(/to_q\.weight +f16 +\[64, 64\]/);
});

/** A safetensors file of one tensor. */
function safetensors(name: string, tensor: string, metadata: Record<string, string>): string {
  const header = { __metadata__: metadata, [tensor]: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  writeFileSync(join(cli.folder, name), Buffer.concat([length, json, Buffer.alloc(4)]));
  return name;
}

test('what strangers wrote cannot steer a terminal or fill it', async () => {
  const evil = '\u001b[31m\u009b2J\u202e';
  const file = safetensors('evil.safetensors', `x${evil}`, { [evil]: `${evil}${'long'.repeat(10_000)}` });
  for (const form of [['--tensors'], ['--tensors', '--json']]) {
    const { code, stdout } = await cli.run(['inspect', ...form, file]);
    expect(code).toBe(0);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(stdout.length).toBeLessThan(6000);
  }
});

test('names tensors that nothing knows', async () => {
  const bytes = readFileSync(fixture('tiny-sd15/model/vae/diffusion_pytorch_model.safetensors'));
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, unknown>;
  const { __metadata__, ...tensors } = header;
  const renamed = Buffer.from(
    JSON.stringify({ ...tensors, extra: { dtype: 'F32', shape: [0], data_offsets: [0, 0] } }),
  );
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(renamed.byteLength));
  writeFileSync(
    join(cli.folder, 'vae.safetensors'),
    Buffer.concat([prefix, renamed, bytes.subarray(8 + length)]),
  );
  const { stdout } = await cli.run(['inspect', 'vae.safetensors']);
  expect(stdout).toMatch(/unknown +1: extra/);
});

test('goes on after a file that cannot be read, and says so in the end', async () => {
  writeFileSync(join(cli.folder, 'broken.safetensors'), 'x');
  copyFileSync(motion, join(cli.folder, 'motion.ckpt'));
  const { code, stdout, stderr } = await cli.run(['inspect', 'broken.safetensors', 'motion.ckpt']);
  expect([code, stdout]).toEqual([1, expect.stringContaining('motion-module')]);
  expect(stderr).toMatch(/^broken\.safetensors: .*\n1 of 2 could not be inspected\n$/);
});

test('a reader that leaves early is no error to show', async () => {
  const { stderr } = await cli.run(['inspect', '--tensors', motion, motion, motion], {
    closeOutputAt: 1,
  });
  expect(stderr).toBe('');
});
