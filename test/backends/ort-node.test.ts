import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { describeNodeRuntime } from '../../src/backends/node-runtime-node.js';
import { ortNode } from '../../src/backends/ort-node.js';
import type { OrtNodeOptions } from '../../src/backends/ort-node-options.js';
import { matrixStack } from './networks.js';

describe('options', () => {
  test('are checked together, and unknown ones are refused', () => {
    const options = { device: 'tpu', threads: 0, isolaton: 'none' } as unknown as OrtNodeOptions;
    expect(() => ortNode(options)).toThrow(/^ortNode: (?=.*device: )(?=.*threads: )(?=.*isolaton)/);
  });

  test('none are needed', async () => {
    const backend = ortNode();
    expect(backend).toMatchObject({ contract: 'backend/1', name: 'onnxruntime-node/cpu' });
    expect(await backend.capabilities()).toMatchObject({
      device: 'cpu',
      dialect: new Set([
        'MultiHeadAttention',
        'QuickGelu',
        'Gelu',
        'BiasGelu',
        'FusedConv',
        'MatMulNBits',
        'DynamicQuantizeMatMul',
      ]),
      float16: false,
      abort: 'between-runs',
      notes: [],
    });
    await backend.dispose();
  });

  test('a hard abort is offered where the runtime has a process of its own', async () => {
    const backend = ortNode({ isolation: 'process' });
    expect((await backend.capabilities()).abort).toBe('during-run');
    await backend.dispose();
  });
});

describe('a network that cannot be', () => {
  const backend = ortNode();

  test('a blob whose name leaves its folder is refused', async () => {
    const network = matrixStack(1, 64);
    const weights = network.weights.map((blob) => ({ ...blob, location: '../escape' }));
    await expect(backend.createSession({ ...network, weights })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining("'../escape' is not a plain file name"),
    });
  });

  test('a blob of 2 GiB is refused', async () => {
    const network = matrixStack(1, 64);
    const weights = network.weights.map((blob) => ({ ...blob, byteLength: 2 ** 31 }));
    await expect(backend.createSession({ ...network, weights })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('below 2 GiB'),
    });
  });
});

describe('the machine', () => {
  test('is described: runtime, devices, processor, memory, cache', { timeout: 120_000 }, async () => {
    const report = await describeNodeRuntime();
    expect(report.runtime).toMatchObject({ version: '1.30.0' });
    expect(report.devices.map(({ device }) => device)).toEqual(['cpu', 'webgpu', 'cuda']);
    expect(report.devices[0]).toMatchObject({ available: true });
    expect(report.cpu.threads).toBeGreaterThan(0);
    expect(report.memory.total).toBeGreaterThan(report.memory.free);
    expect(report.cache.directory).toContain('animatediff-js');
  });

  test('a device that is missing is an error that says what to install', { timeout: 120_000 }, async () => {
    const advice = { webgpu: /Vulkan driver/, cuda: /CUDA 12, cuDNN 9.*ONNXRUNTIME_NODE_INSTALL=cuda12/ };
    const { devices } = await describeNodeRuntime();
    for (const device of ['webgpu', 'cuda'] as const) {
      if (devices.find((report) => report.device === device)?.available) continue;
      const backend = ortNode({ device });
      const attempts = [() => backend.capabilities(), () => backend.createSession(matrixStack(1, 64))];
      for (const attempt of attempts) {
        await expect(attempt()).rejects.toMatchObject({
          code: 'backend',
          message: expect.stringMatching(advice[device]),
        });
      }
      await backend.dispose();
    }
  });
});

test('an idle session does not keep the application from ending', { timeout: 30_000 }, async () => {
  const script = fileURLToPath(new URL('./forget-session-process.ts', import.meta.url));
  for (const isolation of ['worker', 'process']) {
    const child = spawn(process.execPath, ['--import', 'tsx', script, isolation], { stdio: 'inherit' });
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  }
});
