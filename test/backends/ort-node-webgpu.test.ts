import { describe, expect, test } from 'vitest';
import { describeNodeRuntime } from '../../src/backends/node-runtime-node.js';
import { ortNode } from '../../src/backends/ort-node.js';
import { backendConformance } from '../../src/testing/backend-conformance.js';

const { devices } = await describeNodeRuntime();
const webgpu = devices.find(({ device }) => device === 'webgpu');
const reason = webgpu?.available === false ? webgpu.reason : undefined;

describe.skipIf(reason !== undefined)(`ortNode on webgpu (${reason ?? 'available'})`, () => {
  for (const { name, run } of backendConformance(() => ortNode({ device: 'webgpu' }))) {
    test(name, { timeout: 120_000 }, run);
  }

  test('leaves operators out that are wrong on this device, and says so', { timeout: 120_000 }, async () => {
    const backend = ortNode({ device: 'webgpu' });
    const { dialect, notes } = await backend.capabilities();
    for (const operator of ['MultiHeadAttention', 'QuickGelu', 'Gelu', 'BiasSplitGelu'] as const) {
      expect(dialect.has(operator) || notes.some((note) => note.includes(operator))).toBe(true);
    }
    await backend.dispose();
  });
});
