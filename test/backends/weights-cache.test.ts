import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ModelArtifact } from '../../src/backends/backend.js';
import { clearCache, listCache } from '../../src/backends/weights/cache-admin-node.js';
import { weightsCache } from '../../src/backends/weights/weights-cache-node.js';
import type { LoadProgress } from '../../src/core/progress.js';
import { smallWeights } from './networks.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'animatediff-cache-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const [blob] = smallWeights(1, 'size').weights;
const blobBytes = blob!.byteLength;

/** An artifact of content `fill`, and the names of the weights read from it so far. */
function counted(fill: number, identity: string | undefined): { artifact: ModelArtifact; reads: string[] } {
  const reads: string[] = [];
  return { artifact: smallWeights(fill, identity, (name) => void reads.push(name)), reads };
}

function cacheOf(blobs: number) {
  return weightsCache({ directory, maxBytes: blobs * blobBytes });
}

async function leases(): Promise<string[]> {
  return readdir(join(directory, 'weights-1', 'leases'));
}

async function age(fill: number, seconds: number): Promise<void> {
  const { sha256 } = await shaOf(fill);
  const then = new Date(Date.now() - seconds * 1000);
  await utimes(join(directory, 'weights-1', 'blobs', `${sha256}.bin`), then, then);
}

const shas = new Map<number, string>();

/** Prepares content `fill` under its own name once, and remembers its blob's name. */
async function keep(fill: number, blobs = 10): Promise<void> {
  const before = new Set((await listCache({ directory })).blobs.map(({ sha256 }) => sha256));
  await (await cacheOf(blobs).prepare(smallWeights(fill, `id-${fill}`))).release();
  const added = (await listCache({ directory })).blobs.find(({ sha256 }) => !before.has(sha256));
  if (added) shas.set(fill, added.sha256);
}

async function shaOf(fill: number): Promise<{ sha256: string; kept: boolean }> {
  const sha256 = shas.get(fill)!;
  return { sha256, kept: (await listCache({ directory })).blobs.some((one) => one.sha256 === sha256) };
}

describe('what is written', () => {
  test('a file under the name that the graph uses, gaps filled with zeros', async () => {
    const weights = await cacheOf(10).prepare(smallWeights(1, 'id'));
    const bytes = await readFile(join(weights.folder!, blob!.location));
    const expected = new Uint8Array(blobBytes);
    for (const tensor of blob!.tensors) expected.set(await tensor.read(), tensor.offset);
    expect(new Uint8Array(bytes)).toEqual(expected);
    await weights.release();
  });

  test('nothing a second time: the weights are not even read', async () => {
    await (await cacheOf(10).prepare(smallWeights(1, 'id'))).release();
    const { artifact, reads } = counted(1, 'id');
    const seen: LoadProgress[] = [];
    const weights = await cacheOf(10).prepare(artifact, { onProgress: (p) => seen.push(p) });
    expect(reads).toEqual([]);
    expect(seen.at(-1)).toMatchObject({ loaded: blobBytes, total: blobBytes });
    expect((await stat(join(weights.folder!, blob!.location))).size).toBe(blobBytes);
    await weights.release();
  });

  test('the same content once, whatever it is known as', async () => {
    await (await cacheOf(10).prepare(smallWeights(1, 'id'))).release();
    const other = counted(1, 'another-id');
    await (await cacheOf(10).prepare(other.artifact)).release();
    expect(other.reads).toHaveLength(3);
    expect((await listCache({ directory })).blobs).toHaveLength(1);
    const again = counted(1, 'another-id');
    await (await cacheOf(10).prepare(again.artifact)).release();
    expect(again.reads).toEqual([]);
  });

  test('weights without an identity are deleted with their session', async () => {
    const weights = await cacheOf(10).prepare(smallWeights(1, undefined));
    expect((await stat(join(weights.folder!, blob!.location))).size).toBe(blobBytes);
    await weights.release();
    await weights.release();
    expect(await leases()).toEqual([]);
    expect((await listCache({ directory })).byteLength).toBe(0);
  });

  test('a blob that somebody cut short is made again', async () => {
    await keep(1);
    const { sha256 } = await shaOf(1);
    await truncate(join(directory, 'weights-1', 'blobs', `${sha256}.bin`), 10);
    const { artifact, reads } = counted(1, 'id-1');
    await (await cacheOf(10).prepare(artifact)).release();
    expect(reads).toHaveLength(3);
    expect((await listCache({ directory })).byteLength).toBe(blobBytes);
  });
});

describe('what stays', () => {
  test('what was used last, when the cap is reached', async () => {
    await keep(1);
    await keep(2);
    await age(1, 100);
    await age(2, 200);
    // Taking 2 makes 1 the one that was unused for longest.
    await keep(2);
    await keep(3, 2);
    expect([await shaOf(1), await shaOf(2), await shaOf(3)].map(({ kept }) => kept)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('what a session uses, even beyond the cap', async () => {
    await keep(1);
    await age(1, 100);
    const inUse = await cacheOf(10).prepare(smallWeights(1, 'id-1'));
    await age(1, 100);
    await keep(2, 1);
    expect((await shaOf(1)).kept).toBe(true);
    expect((await listCache({ directory })).blobs).toHaveLength(1);
    expect((await clearCache({ directory })).keptBytes).toBe(blobBytes);
    await inUse.release();
    expect(await clearCache({ directory })).toEqual({ removedBytes: blobBytes, keptBytes: 0 });
  });

  test('nothing that is larger than the whole cache, though it can be used', async () => {
    await keep(1);
    const weights = await weightsCache({ directory, maxBytes: blobBytes - 1 }).prepare(
      smallWeights(2, 'id-2'),
    );
    expect((await stat(join(weights.folder!, blob!.location))).size).toBe(blobBytes);
    await weights.release();
    expect((await listCache({ directory })).blobs.map(({ sha256 }) => sha256)).toEqual([
      (await shaOf(1)).sha256,
    ]);
  });

  test('no index entry whose blob is gone', async () => {
    await keep(1);
    await clearCache({ directory });
    expect(await readdir(join(directory, 'weights-1', 'index'))).toEqual([]);
  });
});

describe('when something goes wrong', () => {
  test('a failing read leaves nothing behind and is passed on', async () => {
    const problem = new Error('the network is down');
    const artifact = smallWeights(1, 'id', (name) => {
      if (name === 'w1') throw problem;
    });
    await expect(cacheOf(10).prepare(artifact)).rejects.toBe(problem);
    expect(await leases()).toEqual([]);
    expect((await listCache({ directory })).blobs).toEqual([]);
  });

  test('an abort leaves nothing behind', async () => {
    const controller = new AbortController();
    const artifact = smallWeights(1, 'id', () => controller.abort('enough'));
    await expect(cacheOf(10).prepare(artifact, { signal: controller.signal })).rejects.toBe('enough');
    expect(await leases()).toEqual([]);
  });

  test('a weight of the wrong size is refused by name', async () => {
    const artifact = smallWeights(1, 'id');
    const broken = artifact.weights.map((weights) => ({
      ...weights,
      tensors: weights.tensors.map((tensor) => ({ ...tensor, read: async () => new Uint8Array(4) })),
    }));
    await expect(cacheOf(10).prepare({ ...artifact, weights: broken })).rejects.toMatchObject({
      code: 'weights-mismatch',
      message: "weighted-sum: 'w0' should have 4000 bytes, but 4 were read",
    });
  });

  test('a disk without room is noticed before anything is read or given up', async () => {
    await keep(2);
    const { artifact, reads } = counted(1, undefined);
    const weights = Array.from({ length: 100_000 }, () => ({ ...artifact.weights[0]!, byteLength: 2e9 }));
    await expect(cacheOf(10).prepare({ ...artifact, weights })).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringMatching(/is full: 200000\.00 GB are needed.*weightsCache/),
    });
    expect((await shaOf(2)).kept).toBe(true);
    expect(reads).toEqual([]);
  });

  test('a folder that cannot be made is named', async () => {
    const cache = weightsCache({ directory: '/dev/null/cache', maxBytes: 1e9 });
    await expect(cache.prepare(smallWeights(1, 'id'))).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringContaining('/dev/null/cache'),
    });
  });

  test('a broken index entry counts as none', async () => {
    await keep(1);
    const index = join(directory, 'weights-1', 'index');
    for (const name of await readdir(index)) await truncate(join(index, name), 5);
    const { artifact, reads } = counted(1, 'id-1');
    await (await cacheOf(10).prepare(artifact)).release();
    expect(reads).toHaveLength(3);
  });
});
