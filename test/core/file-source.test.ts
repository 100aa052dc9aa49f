import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileSource } from '../../src/core/file-source-node.js';
import type { ByteSource, FolderSource } from '../../src/core/source.js';

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251);
let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-source-'));
  path = join(folder, 'weights.bin');
  writeFileSync(path, content);
  mkdirSync(join(folder, 'unet'));
  writeFileSync(join(folder, 'unet', 'config.json'), '{}');
  symlinkSync(path, join(folder, 'link.bin'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const fileAt = (at: string) => fileSource(at) as ByteSource;

describe('a file', () => {
  test('is read at any position, by many readers at once', async () => {
    const source = fileAt(path);
    const reads = Array.from({ length: 50 }, (_, i) => source.read(i * 5000, 3000));
    for (const [i, bytes] of (await Promise.all(reads)).entries()) {
      expect(bytes).toEqual(content.slice(i * 5000, i * 5000 + 3000));
    }
    await source.close();
  });

  test('is missing: an error at once, which names the path', () => {
    expect(() => fileSource(join(folder, 'nothing.ckpt'))).toThrowError(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringContaining('nothing.ckpt') }),
    );
  });

  test('that is a device is refused', () => {
    expect(() => fileSource('/dev/null')).toThrowError(expect.objectContaining({ code: 'invalid-options' }));
  });

  test('reads beyond its end are refused', async () => {
    const source = fileAt(path);
    await expect(source.read(299_999, 2)).rejects.toMatchObject({ code: 'weights-format' });
    await source.close();
  });

  test('closing twice, and while reads run, is fine; a later read opens it again', async () => {
    const source = fileAt(path);
    const running = source.read(0, 300_000);
    await Promise.all([source.close(), source.close()]);
    expect(await running).toEqual(content);
    expect(await source.read(5, 2)).toEqual(content.slice(5, 7));
    await source.close();
  });

  test('that changed before it was opened is refused', async () => {
    const changing = join(folder, 'changing.bin');
    writeFileSync(changing, content);
    const source = fileAt(changing);
    expect(await source.read(0, 1)).toEqual(content.slice(0, 1));
    await source.close();
    utimesSync(changing, 1, 1);
    await expect(source.read(0, 1)).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringContaining('was changed'),
    });
  });

  test('that shrinks while it is open is refused', async () => {
    const shrinking = join(folder, 'shrinking.bin');
    writeFileSync(shrinking, content);
    const source = fileAt(shrinking);
    await source.read(0, 1);
    truncateSync(shrinking, 100);
    await expect(source.read(50, 100)).rejects.toMatchObject({ code: 'weights-format' });
    await source.close();
  });

  test('has a fingerprint that changes with its times, and is the same through a link', async () => {
    const first = await fileAt(path).fingerprint();
    expect(await fileAt(join(folder, 'link.bin')).fingerprint()).toBe(first);
    utimesSync(path, 5, 5);
    expect(await fileAt(path).fingerprint()).not.toBe(first);
  });

  test('a cancelled read rejects with the reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(fileAt(path).read(0, 1, { signal })).rejects.toThrow('enough');
  });
});

describe('a folder', () => {
  const source = () => fileSource(folder) as FolderSource;

  test('gives its files by relative path, and undefined for what is not there or no file', async () => {
    expect(source().kind).toBe('folder');
    const config = await source().file('unet/config.json');
    expect(await config?.read(0, 2)).toEqual(new TextEncoder().encode('{}'));
    await config?.close();
    expect(await source().file('unet')).toBeUndefined();
    expect(await source().file('vae/config.json')).toBeUndefined();
    expect(await source().file('weights.bin/config.json')).toBeUndefined();
  });

  test.each(['/etc/passwd', '../x', 'unet/../../x', 'unet\\config.json', ''])(
    'refuses the path %j',
    async (at) => {
      await expect(source().file(at)).rejects.toMatchObject({ code: 'invalid-options' });
    },
  );
});
