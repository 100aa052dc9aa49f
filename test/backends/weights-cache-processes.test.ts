import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listCache } from '../../src/backends/weights/cache-admin-node.js';
import { weightsCache } from '../../src/backends/weights/weights-cache-node.js';
import { matrixStack } from './networks.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'animatediff-cache-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Runs `prepare-weights-process.ts` to its end, however that is. */
function prepareElsewhere(ending: 'release' | 'exit' | 'killed'): Promise<number | NodeJS.Signals> {
  const script = fileURLToPath(new URL('./prepare-weights-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, ending], { stdio: 'inherit' });
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal!)));
}

async function leases(): Promise<string[]> {
  return readdir(join(directory, 'weights-1', 'leases'));
}

/** Expects one whole blob that serves without a read. */
async function expectWholeCache(): Promise<void> {
  const { blobs } = await listCache({ directory });
  expect(blobs).toHaveLength(1);
  const bytes = await readFile(join(directory, 'weights-1', 'blobs', `${blobs[0]!.sha256}.bin`));
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(blobs[0]!.sha256);
  const artifact = matrixStack(8, 1024, 'shared');
  for (const tensor of artifact.weights[0]!.tensors) tensor.read = () => Promise.reject(new Error('read'));
  await (await weightsCache({ directory, maxBytes: 1e9 }).prepare(artifact)).release();
}

test('processes that write the same weights at once end with one blob', { timeout: 60_000 }, async () => {
  expect(await Promise.all([1, 2, 3].map(() => prepareElsewhere('release')))).toEqual([0, 0, 0]);
  await expectWholeCache();
  expect(await leases()).toEqual([]);
});

test('what a killed process left half-written is swept and made again', { timeout: 60_000 }, async () => {
  expect(await prepareElsewhere('killed')).toBe('SIGKILL');
  expect(await leases()).toHaveLength(1);
  expect((await listCache({ directory })).blobs).toEqual([]);
  const weights = await weightsCache({ directory, maxBytes: 1e9 }).prepare(matrixStack(8, 1024, 'shared'));
  expect(await leases()).toHaveLength(1);
  await weights.release();
  await expectWholeCache();
});

test('a process that exits without disposing leaves no lease', { timeout: 60_000 }, async () => {
  expect(await prepareElsewhere('exit')).toBe(0);
  expect(await leases()).toEqual([]);
});
