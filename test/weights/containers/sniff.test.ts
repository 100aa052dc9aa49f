import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import { sniffContainer } from '../../../src/weights/containers/sniff.js';
import { openWeights } from '../../../src/weights/open-weights.js';
import { fixture } from './support/fixtures.js';
import { safetensorsBytes } from './support/safetensors-bytes.js';
import { zipBytes } from './support/zip-bytes.js';

const encode = (text: string) => new TextEncoder().encode(text);
const padded = (...start: number[]) => Uint8Array.from({ length: 600 }, (_, i) => start[i] ?? 0);
const tar = padded();
tar.set(encode('ustar'), 257);

test.each([
  ['views.pt', 'torch-zip'],
  ['legacy.pt', 'torch-legacy'],
])('%s is recognised as %s', async (name, kind) => {
  expect(await sniffContainer(fixture(name))).toMatchObject({ kind });
});

test('safetensors is recognised by its header, also with white space and an unlucky length', async () => {
  for (const header of ['{}', '  {}', '{}'.padEnd(60), '{}'.padEnd(0x4b50), ' '.repeat(600)]) {
    expect(await sniffContainer(bytesSource(safetensorsBytes(header)))).toMatchObject({
      kind: 'safetensors',
    });
  }
});

describe('what is refused is named', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /is empty/],
    ['a tiny file', Uint8Array.of(1, 2, 3), /only 3 bytes/],
    [
      'a Git LFS pointer',
      encode('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'),
      /git lfs pull/,
    ],
    ['a web page', encode('<!DOCTYPE html><html>'), /saved web page/],
    ['a web page after blank lines', encode(`\n\n  <html>${' '.repeat(100)}`), /saved web page/],
    ['an error of a server', encode('{"error":"Unauthorized"}'), /error message of a server/],
    ['an index of shards', encode('{"metadata": {}, "weight_map": {}}'), /give the folder/],
    ['7z', padded(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c), /7z archive/],
    ['gzip', padded(0x1f, 0x8b, 8), /gzip/],
    ['GGUF', padded(...encode('GGUF'), 3), /GGUF/],
    ['HDF5', padded(0x89, ...encode('HDF\r\n')), /HDF5/],
    ['tar', tar, /tar archive/],
    ['a bare pickle', padded(0x80, 4, 0x95), /bare Python pickle/],
    ['an empty zip archive', zipBytes([]), /empty zip/],
    [
      'a safetensors file cut off in its header',
      safetensorsBytes('{"a":{}}'.padEnd(500)).slice(0, 100),
      /cut off/,
    ],
    ['noise', padded(...Array.from({ length: 600 }, (_, i) => (i * 89 + 200) % 256)), /neither/],
  ])('%s', async (_, bytes, message) => {
    const source = bytesSource(bytes, { name: 'mm.ckpt' });
    await expect(openWeights(source)).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringMatching(/^mm\.ckpt: /),
    });
    await expect(openWeights(source)).rejects.toThrow(message);
  });
});

test('openWeights closes the source when it fails, and keeps it open when it succeeds', async () => {
  let closed = 0;
  const watched = (bytes: Uint8Array) => ({ ...bytesSource(bytes), close: async () => void closed++ });
  const tensor = '{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
  const store = await openWeights(watched(safetensorsBytes(tensor, 1)));
  expect(closed).toBe(0);
  await store.close();
  expect(closed).toBe(1);
  await expect(openWeights(watched(safetensorsBytes('{}')))).rejects.toThrow('holds no tensors');
  await expect(openWeights(watched(padded()))).rejects.toThrow();
  expect(closed).toBe(3);
});
