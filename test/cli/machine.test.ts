import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machineAdvice } from '../../src/cli/doctor-advice.js';
import { type CommandLine, commandLine } from './support/command-line.js';
import { embeddedModel } from './support/embedded.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

test('plan tells the memory of each network, and the peak against what is free', async () => {
  const { stdout } = await cli.run(['plan', ...embeddedModel, '--frames', '16']);
  for (const network of ['text_encoder', 'unet', 'vae_decoder']) expect(stdout).toContain(network);
  expect(stdout).toMatch(/residency 'all': about .* at the peak; .* are free, it fits/);
  const json = JSON.parse(
    (await cli.run(['plan', ...embeddedModel, '--residency', 'one', '--json'])).stdout,
  ) as {
    residency: string;
    freeBytes: number;
  };
  expect([json.residency, json.freeBytes > 0]).toEqual(['one', true]);
});

test('plan counts what a precision stores', async () => {
  const bytes = async (...precision: string[]): Promise<number[]> => {
    const { stdout } = await cli.run(['plan', ...embeddedModel, ...precision, '--json']);
    const { networks } = JSON.parse(stdout) as { networks: { weightBytes: number }[] };
    return networks.map(({ weightBytes }) => weightBytes);
  };
  const [text = 0, unet = 0, vae = 0] = await bytes();
  const [halfText, halfUnet, same] = await bytes('--precision', 'float16');
  expect(halfText! / text).toBeCloseTo(0.5, 2);
  expect(halfUnet! / unet).toBeCloseTo(0.5, 2);
  expect(same).toBe(vae);
  const [sameText, int8Unet = 0] = await bytes('--quantize', 'int8');
  const [, int4Unet = 0] = await bytes('--quantize', 'int4');
  expect(sameText).toBe(text);
  expect([int8Unet < unet, int4Unet < int8Unet]).toEqual([true, true]);
  expect((await cli.run(['plan', ...embeddedModel, '--precision', 'fp16'])).stderr).toContain(
    "'fp16' is none of",
  );
  expect((await cli.run(['plan', ...embeddedModel, '--quantize', 'q8'])).stderr).toContain("'q8' is none of");
});

test('doctor tells what it found of this machine', async () => {
  const { code, stdout } = await cli.run(['doctor', '--json']);
  const report = JSON.parse(stdout) as Record<string, unknown> & { devices: unknown[] };
  expect(code).toBe(0);
  expect(report).toMatchObject({ node: process.version, runtime: { version: expect.any(String) } });
  expect(report.devices).toContainEqual(
    expect.objectContaining({
      device: 'cpu',
      available: true,
      capabilities: expect.objectContaining({ dialect: expect.arrayContaining(['MultiHeadAttention']) }),
    }),
  );
  expect((await cli.run(['doctor'])).stdout).toMatch(/^device cpu +works/m);
});

test('advice follows what was found', () => {
  const cpu = { device: 'cpu', available: true, capabilities: { notes: [] } } as never;
  const card = { device: 'cuda', available: true, capabilities: { notes: [] } } as never;
  const healthy = {
    runtime: { version: '1.30.0', providers: [] },
    devices: [cpu, card],
    cpu: { model: 'x', threads: 8 },
    memory: { total: 32e9, free: 24e9 },
    cache: { directory: '/cache', byteLength: 0 },
    ffmpeg: true,
  };
  expect(machineAdvice(healthy)).toEqual(['A graphics card can be used: give --device cuda.']);
  const poor = {
    ...healthy,
    devices: [cpu],
    memory: { total: 8e9, free: 2e9 },
    cache: { directory: '/cache', byteLength: 30e9 },
    ffmpeg: false,
  };
  expect(machineAdvice(poor).join('\n')).toMatch(
    /slow on the CPU.*\n.*--residency one.*\n.*animatediff cache clear.*\n.*install ffmpeg/,
  );
  const [advice] = machineAdvice({ ...healthy, runtime: { problem: 'no library' } });
  expect(advice).toContain('ONNX Runtime cannot be loaded');
});

test('lists and clears the weights cache', async () => {
  const where = ['--directory', join(cli.folder, 'cache')];
  expect((await cli.run(['cache', 'list', ...where])).stdout).toContain('0 B');
  expect((await cli.run(['cache', 'clear', ...where])).stdout).toBe('0 B removed\n');
  const json = JSON.parse((await cli.run(['cache', 'list', '--json', ...where])).stdout) as object;
  expect(json).toMatchObject({ blobs: [], byteLength: 0 });
});
