import { describe, expect, test } from 'vitest';
import { filesSource } from '../../../src/core/files-source.js';
import { openShardedSafetensors } from '../../../src/weights/containers/sharded-safetensors.js';
import { writeSafetensors } from '../../../src/weights/safetensors-writer.js';

const INDEX = 'unet/model.safetensors.index.json';
const shard = (...names: string[]) =>
  writeSafetensors(
    names.map((name) => ({ name, type: 'u8', shape: [1], bytes: Uint8Array.of(name.charCodeAt(0)) })),
  );

function folder(
  index: unknown,
  shards: Record<string, Uint8Array> = { 'one.safetensors': shard('a', 'b'), 'two.safetensors': shard('c') },
) {
  const text = typeof index === 'string' ? index : JSON.stringify(index);
  const files = Object.entries(shards).map(([name, bytes]): [string, Blob] => [
    `unet/${name}`,
    new Blob([bytes as Uint8Array<ArrayBuffer>]),
  ]);
  return filesSource(new Map([[INDEX, new Blob([text])], ...files]), { name: 'model' });
}

const map = { a: 'one.safetensors', b: 'one.safetensors', c: 'two.safetensors' };

describe('a model in shards', () => {
  test('reads like one file', async () => {
    const store = await openShardedSafetensors(
      folder({ metadata: { total_size: 3 }, weight_map: map }),
      INDEX,
    );
    expect([...store.entries.keys()]).toEqual(['a', 'b', 'c']);
    expect((await store.read('c')).bytes).toEqual(Uint8Array.of(99));
    expect(await store.fingerprint()).toMatch(/^shards:/);
    await expect(store.read('d')).rejects.toMatchObject({ code: 'weights-mismatch' });
    await store.close();
  });

  test('leaves out what its index does not list', async () => {
    const store = await openShardedSafetensors(folder({ weight_map: { a: 'one.safetensors' } }), INDEX);
    expect([...store.entries.keys()]).toEqual(['a']);
  });

  test('without an index', async () => {
    await expect(openShardedSafetensors(folder({}), 'vae/x.json')).rejects.toMatchObject({
      code: 'invalid-options',
    });
  });

  test.each([
    ['no JSON', '{"weight_map"'],
    ['no map', {}],
    ['a list for a map', { weight_map: [] }],
    ['a map only by its prototype', '{"__proto__":{"weight_map":{}}}'],
    ['a number for a shard', { weight_map: { a: 1 } }],
    ['a missing shard', { weight_map: { a: 'three.safetensors' } }],
    ['a tensor that its shard does not have', { weight_map: { z: 'one.safetensors' } }],
    ...['../one.safetensors', '/etc/passwd', 'a\\b', 'http://x/y', 'C:x', '.hidden', '', 'a/b'].map(
      (name): [string, unknown] => [`the shard name ${JSON.stringify(name)}`, { weight_map: { a: name } }],
    ),
  ])('is refused with %s', async (_, index) => {
    await expect(openShardedSafetensors(folder(index), INDEX)).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringContaining(`model/${INDEX}`),
    });
  });

  test('is refused with a tensor in two shards', async () => {
    const shards = { 'one.safetensors': shard('a', 'b'), 'two.safetensors': shard('b', 'c') };
    await expect(openShardedSafetensors(folder({ weight_map: map }, shards), INDEX)).rejects.toThrow(
      '"b" is in both',
    );
  });
});
