import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import { openTorchZip } from '../../../src/weights/containers/torch-zip.js';
import { dictOf, pickleBytes, tensor } from './support/pickle-bytes.js';
import { type ArchiveOptions, join, type Member, zipBytes } from './support/zip-bytes.js';

const pickle: Member = { name: 'a/data.pkl', content: pickleBytes(...dictOf(tensor())) };
const record: Member = { name: 'a/data/0', content: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) };
const noise = Uint8Array.from({ length: 16 }, (_, i) => i);

/** Opens an archive and reads its tensor. */
async function load(members: readonly Member[], options?: ArchiveOptions): Promise<Uint8Array> {
  const store = await openTorchZip(bytesSource(zipBytes(members, options), { name: 'x.ckpt' }));
  return (await store.read('w')).bytes;
}

describe('a zip archive is read', () => {
  test.each<[string, Member[], ArchiveOptions?]>([
    ['plain', [pickle, record]],
    ['with 64-bit records', [pickle, record], { zip64: true }],
    [
      'without checksums',
      [
        { ...pickle, crc: 0 },
        { ...record, crc: 0 },
      ],
    ],
    [
      'deflated',
      [
        { ...pickle, deflate: true },
        { ...record, deflate: true },
      ],
    ],
    [
      'with sizes after the data, as torch writes it',
      [pickle, { ...record, flags: 8 }].map((m) => ({ ...m })),
    ],
    [
      'with the other files of torch',
      [
        pickle,
        record,
        { name: 'a/version', content: '3\n' },
        { name: 'a/byteorder', content: 'little' },
        { name: 'a/.format_version', content: '1' },
        { name: 'a/.storage_alignment', content: '64' },
        { name: 'a/.data/serialization_id', content: '0' },
      ],
    ],
    ['with folders listed', [{ name: 'a/', content: '' }, { name: 'a/data/', content: '' }, pickle, record]],
    ['with another order', [record, pickle]],
  ])('%s', async (_, members, options) => {
    expect(new Float32Array((await load(members, options)).slice().buffer)).toEqual(
      Float32Array.of(1, 2, 3, 4),
    );
  });
});

describe('a zip archive is refused', () => {
  test.each<[string, Member[], ArchiveOptions?]>([
    ['with bytes before it', [pickle, record], { before: noise }],
    ['with bytes after it', [pickle, record], { after: noise }],
    ['with a comment', [pickle, record], { comment: 'hello' }],
    ['that counts fewer files than it has', [pickle, record], { count: 1 }],
    ['that counts more files than it has', [pickle, record], { count: 3 }],
    ['whose directory is elsewhere', [pickle, record], { directoryOffset: 0 }],
    ['with two data.pkl of one name', [pickle, pickle, record]],
    ['with two roots', [pickle, record, { ...pickle, name: 'b/data.pkl' }]],
    ['with no data.pkl', [record]],
    ['with data.pkl at the top', [{ ...pickle, name: 'data.pkl' }, record]],
    ['with a file that does not belong', [pickle, record, { name: 'a/run.py', content: 'x' }]],
    ['with a file beside the root', [pickle, record, { name: 'b/data/0', content: 'x' }]],
    ['with a name that goes up', [pickle, record, { name: 'a/data/../../x', content: 'x' }]],
    ['with an absolute name', [pickle, record, { name: '/a/data/1', content: 'x' }]],
    ['with a backslash', [pickle, record, { name: 'a/data/\\x', content: 'x' }]],
    ['with a local name that differs', [pickle, { ...record, localName: 'a/data/1' }]],
    ['with a local name that differs, of the pickle', [{ ...pickle, localName: 'a/data.pkx' }, record]],
    ['with a local size that differs', [pickle, { ...record, localSize: 15 }]],
    ['with a local method that differs', [pickle, { ...record, localMethod: 8 }]],
    ['with local flags that differ', [pickle, { ...record, localFlags: 2 }]],
    ['that is encrypted', [pickle, { ...record, flags: 1 }]],
    ['with a method of its own', [pickle, { ...record, method: 12 }]],
    ['with two sizes for a stored file', [pickle, { ...record, size: 17 }]],
    ['with a size beyond the archive', [pickle, { ...record, size: 10_000, packedSize: 10_000 }]],
    ['with overlapping files', [pickle, record, { name: 'a/data/1', content: noise, headerOffset: 40 }]],
    ['with two files at one place', [pickle, record, { name: 'a/data/1', content: noise, headerOffset: 0 }]],
    ['with a wrong checksum of the pickle', [{ ...pickle, crc: 1 }, record]],
    ['with a wrong checksum of a deflated record', [pickle, { ...record, deflate: true, crc: 1 }]],
    [
      'that inflates to more than it declares',
      [pickle, { ...record, deflate: true, content: new Uint8Array(32), size: 16 }],
    ],
    [
      'that inflates to less than it declares',
      [pickle, { ...record, deflate: true, content: new Uint8Array(8), size: 16 }],
    ],
    ['with damaged deflate data', [pickle, { ...record, method: 8 }]],
    ['in big-endian byte order', [pickle, record, { name: 'a/byteorder', content: 'big' }]],
    ['with a record too small', [pickle, { ...record, content: new Uint8Array(15) }]],
    ['with a record too large', [pickle, { ...record, content: new Uint8Array(20) }]],
    ['without the record', [pickle]],
    [
      'with bytes after the pickle',
      [{ ...pickle, content: join([pickle.content as Uint8Array, noise]) }, record],
    ],
    ['with a pickle cut off', [{ ...pickle, content: (pickle.content as Uint8Array).slice(0, -1) }, record]],
    ['with an empty pickle', [{ ...pickle, content: '' }, record]],
  ])('%s', async (_, members, options) => {
    await expect(load(members, options)).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringMatching(/^x\.ckpt/),
    });
  });

  test('that is a decompression bomb, before it is inflated', async () => {
    const count = 100 * 2 ** 20;
    const bomb: Member = { name: 'a/data/0', content: new Uint8Array(count), deflate: true };
    const claims = {
      ...pickle,
      content: pickleBytes(...dictOf(tensor({ storage: 'ByteStorage', count: intOf(count) }))),
    };
    await expect(load([claims, bomb])).rejects.toThrow('grows too much');
  });
});

function intOf(value: number): Uint8Array {
  return join([Uint8Array.of(0x4a), new Uint8Array(new Int32Array([value]).buffer)]);
}
