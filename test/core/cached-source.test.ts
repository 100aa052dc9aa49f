import { expect, test } from 'vitest';
import { bytesSource } from '../../src/core/bytes-source.js';
import { cachedSource } from '../../src/core/cached/cached-source.js';
import { filesSource } from '../../src/core/files-source.js';
import type { ByteSource } from '../../src/core/source.js';

// What keeps files is tested in a browser: test/browser/cached-source.test.ts.

test('where there is no store, the first read says so', async () => {
  const source = cachedSource('https://example.com/a.safetensors?token=secret') as ByteSource;
  expect(source.name).toBe('https://example.com/a.safetensors');
  await expect(source.read(0, 1)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('urlSource'),
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['no URL', () => cachedSource('http://'), /is not a URL/],
  [
    'no SHA-256',
    () => cachedSource('https://a.b/c', { sha256: 'abc' }),
    /sha256: expected 64 hexadecimal digits/,
  ],
  ['an unknown option', () => cachedSource('https://a.b/c', { sha: '' } as object), /sha/],
  [
    'a SHA-256 of a folder',
    () => cachedSource('https://a.b/c/', { sha256: '0'.repeat(64) }),
    /sha256 is for a single file/,
  ],
])('%s is refused at once', (_, open, message) => {
  expect(open).toThrow(message);
});

test('a source stays what it is: a file or a folder', () => {
  expect(cachedSource(bytesSource(new Uint8Array(3), { name: 'a' }))).toMatchObject({
    kind: 'file',
    name: 'a',
  });
  expect(cachedSource(filesSource(new Map([['a', new Blob([])]]))).kind).toBe('folder');
});
