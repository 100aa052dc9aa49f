import { describe, expect, test } from 'vitest';
import { blobSource } from '../../src/core/blob-source.js';
import { bytesSource } from '../../src/core/bytes-source.js';
import { filesSource } from '../../src/core/files-source.js';

const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const aborted = AbortSignal.abort(new Error('enough'));

describe.each([
  ['bytesSource', () => bytesSource(content, { name: 'weights.bin' })],
  ['blobSource', () => blobSource(new Blob([content]), { name: 'weights.bin' })],
])('%s', (_, make) => {
  test('gives exactly the bytes that are asked for', async () => {
    const source = make();
    expect(await source.size()).toBe(1000);
    expect(await source.read(10, 5)).toEqual(content.slice(10, 15));
    expect(await source.read(1000, 0)).toEqual(new Uint8Array(0));
  });

  test('hands out copies', async () => {
    const source = make();
    (await source.read(0, 10)).fill(77);
    expect(await source.read(0, 10)).toEqual(content.slice(0, 10));
  });

  test('a read beyond the end is refused with the name and the size', async () => {
    await expect(make().read(990, 11)).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringMatching(/weights\.bin ends at byte 1000/),
    });
  });

  test('positions that are no whole numbers are refused', async () => {
    for (const [offset, length] of [
      [-1, 1],
      [0.5, 1],
      [0, Number.NaN],
      [0, -1],
      [2 ** 53, 1],
    ] as const) {
      await expect(make().read(offset, length)).rejects.toMatchObject({ code: 'invalid-options' });
    }
  });

  test('the fingerprint is the SHA-256 of the content', async () => {
    const other = bytesSource(content.with(999, 0));
    const print = await make().fingerprint();
    expect(print).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await make().fingerprint()).toBe(print);
    expect(await other.fingerprint()).not.toBe(print);
  });

  test('a cancelled read rejects with the reason', async () => {
    await expect(make().read(0, 1, { signal: aborted })).rejects.toThrow('enough');
    await expect(make().size({ signal: aborted })).rejects.toThrow('enough');
  });

  test('can be read after it was closed', async () => {
    const source = make();
    await source.close();
    await source.close();
    expect(await source.read(0, 1)).toEqual(content.slice(0, 1));
  });
});

test('a File is named after itself', () => {
  expect(blobSource(new File([content], 'mm.ckpt')).name).toBe('mm.ckpt');
});

describe('filesSource', () => {
  const files = new Map([['unet/config.json', new Blob(['{}'])]]);

  test('finds files of a map by their relative path', async () => {
    const folder = filesSource(files, { name: 'model' });
    expect((await folder.file('unet/config.json'))?.name).toBe('model/unet/config.json');
    expect(await folder.file('vae/config.json')).toBeUndefined();
  });

  test('takes what a directory picker gives, where paths begin with the picked folder', async () => {
    const picked = new File(['{}'], 'config.json');
    Object.defineProperty(picked, 'webkitRelativePath', { value: 'my-model/unet/config.json' });
    const folder = filesSource([picked]);
    expect(folder.name).toBe('my-model');
    expect(await (await folder.file('unet/config.json'))?.size()).toBe(2);
  });

  test.each(['/etc/passwd', '../x', 'a/../b', 'a\\b', '', 'a//b', './a', 'C:/x', 'http://x/y', 'a\0b'])(
    'refuses the path %j',
    async (path) => {
      await expect(filesSource(files).file(path)).rejects.toMatchObject({ code: 'invalid-options' });
    },
  );
});
