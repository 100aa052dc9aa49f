import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import { openTorchLegacy } from '../../../src/weights/containers/torch-legacy.js';
import { fixtureBytes } from './support/fixtures.js';
import {
  dictOf,
  global,
  int,
  type PickleText,
  pickleBytes,
  tensor,
  text,
  tuple,
} from './support/pickle-bytes.js';
import { join } from './support/zip-bytes.js';

const MAGIC = Uint8Array.of(
  0x80,
  2,
  0x8a,
  10,
  0x6c,
  0xfc,
  0x9c,
  0x46,
  0xf9,
  0x20,
  0x6a,
  0xa8,
  0x50,
  0x19,
  0x2e,
);

interface Stream {
  protocol?: PickleText;
  littleEndian?: number;
  object?: PickleText;
  keys?: string[];
  /** The count before the numbers 1 to 4. */
  count?: bigint;
  after?: Uint8Array;
}

const storage = (view: PickleText): PickleText => [
  ...tuple([text('storage')], [global('torch', 'FloatStorage')], [text('0')], [text('cpu')], [int(4)], view),
  'Q',
];
const firstOf = (view: PickleText, size: number): PickleText => [
  global('torch._utils', '_rebuild_tensor'),
  ...tuple(storage(view), [int(0)], tuple([int(size)]), tuple([int(1)])),
  'R',
];

/** Opens a stream as torch 1.5 wrote it, with one storage, and reads the tensor `w`. */
async function load(stream: Stream = {}): Promise<number[]> {
  const bytes = join([
    MAGIC,
    pickleBytes(...(stream.protocol ?? [int(1001)])),
    pickleBytes('}', text('little_endian'), stream.littleEndian ?? 0x88, 's'),
    pickleBytes(...dictOf(stream.object ?? tensor())),
    pickleBytes(']', ...(stream.keys ?? ['0']).flatMap((key) => [text(key), 'a'])),
    new Uint8Array(BigInt64Array.of(stream.count ?? 4n).buffer),
    new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
    stream.after ?? new Uint8Array(0),
  ]);
  const store = await openTorchLegacy(bytesSource(bytes, { name: 'x.bin' }));
  return [...new Float32Array((await store.read('w')).bytes.slice().buffer)];
}

describe('a legacy stream', () => {
  test('is read', async () => {
    expect(await load()).toEqual([1, 2, 3, 4]);
    expect(await load({ object: firstOf(['N'], 3) })).toEqual([1, 2, 3]);
  });

  test('may have storages that are views of others', async () => {
    const view = tuple([text('1')], [int(1)], [int(2)]);
    expect(await load({ object: firstOf(view, 2) })).toEqual([2, 3]);
    await expect(load({ object: firstOf(tuple([text('1')], [int(3)], [int(2)]), 1) })).rejects.toThrow(
      'does not lie in it',
    );
    await expect(load({ object: firstOf(view, 4) })).rejects.toThrow('goes beyond its storage');
  });

  test.each<[string, Stream]>([
    ['of another protocol', { protocol: [int(1000)] }],
    ['in big-endian byte order', { littleEndian: 0x89 }],
    ['whose storage has another count than its tensor says', { count: 5n }],
    ['with bytes after the last storage', { after: Uint8Array.of(0) }],
    ['without a storage that a tensor needs', { keys: [] }],
    ['with a storage that no tensor needs', { keys: ['0', '7'] }],
    ['with a storage listed twice', { keys: ['0', '0'] }],
    [
      'with a whole Python module',
      { object: [...tuple([text('module')], [int(1)], [text('m.py')], [text('x')]), 'Q'] },
    ],
    [
      'with a name that no weight file needs',
      { object: [global('os', 'system'), ...tuple([text('ls')]), 'R'] },
    ],
  ])('is refused %s', async (_, stream) => {
    await expect(load(stream)).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringMatching(/^x\.bin: /),
    });
  });

  test('with pickles longer than what is read at first is read on', async () => {
    const long = [text('padding'), text('x'.repeat(2 ** 20)), 's'];
    const object = [...tensor(), 's', ...long, text('y'), int(1)];
    expect(await load({ object })).toEqual([1, 2, 3, 4]);
  });

  test('as torch writes it today is refused with something appended', async () => {
    const bytes = join([fixtureBytes('containers/legacy.pt'), new Uint8Array(1)]);
    await expect(openTorchLegacy(bytesSource(bytes))).rejects.toMatchObject({ code: 'weights-format' });
  });
});
