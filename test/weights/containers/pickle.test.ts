import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import { openTorchZip } from '../../../src/weights/containers/torch-zip.js';
import type { WeightStore } from '../../../src/weights/weight-store.js';
import {
  dictOf,
  global,
  int,
  long,
  type PickleText,
  pickleBytes,
  tensor,
  text,
  tuple,
} from './support/pickle-bytes.js';
import { join, zipBytes } from './support/zip-bytes.js';

const record = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

/** Opens a checkpoint whose data.pkl is these instructions and whose record 0 is the numbers 1 to 4. */
function open(...parts: PickleText): Promise<WeightStore> {
  const members = [
    { name: 'a/data.pkl', content: pickleBytes(...parts) },
    { name: 'a/data/0', content: record },
  ];
  return openTorchZip(bytesSource(zipBytes(members), { name: 'x.ckpt' }));
}

async function values(store: WeightStore, name = 'w'): Promise<number[]> {
  return [...new Float32Array((await store.read(name)).bytes.slice().buffer)];
}

const repeat = (part: string | number | Uint8Array, count: number) =>
  Array.from({ length: count }, () => part);

/** Keys 0, 1, … with the value None. */
const numbered = (count: number) =>
  join(Array.from({ length: count }, (_, i) => join([int(i), Uint8Array.of(0x4e)])));

describe('tensors', () => {
  test('are views: offset and strides are followed', async () => {
    const transposed = tensor({ size: tuple([int(2)], [int(2)]), stride: tuple([int(1)], [int(2)]) });
    expect(await values(await open(...dictOf(transposed)))).toEqual([1, 3, 2, 4]);
    const tail = tensor({ offset: int(2), size: tuple([int(2)]) });
    expect(await values(await open(...dictOf(tail)))).toEqual([3, 4]);
  });

  test('sizes of 1 and 0 need no sense in their strides', async () => {
    const one = tensor({ size: tuple([int(1)], [int(4)]), stride: tuple([int(77)], [int(1)]) });
    expect(await values(await open(...dictOf(one)))).toEqual([1, 2, 3, 4]);
    const none = tensor({ offset: int(99), size: tuple([int(0)]), stride: tuple([int(5)]) });
    expect(await values(await open(...dictOf(none)))).toEqual([]);
  });

  const eight = (value: number) => tuple(...Array.from({ length: 9 }, () => [int(value)]));

  test.each<[string, PickleText]>([
    ['an offset beyond the storage', tensor({ offset: int(1) })],
    ['a size beyond the storage', tensor({ size: tuple([int(5)]) })],
    ['a stride beyond the storage', tensor({ size: tuple([int(2)]), stride: tuple([int(4)]) })],
    ['a negative offset', tensor({ offset: int(-1) })],
    ['a negative size', tensor({ size: tuple([int(-1)]) })],
    ['a negative stride', tensor({ stride: tuple([int(-1)]) })],
    ['a stride of 2^62', tensor({ size: tuple([int(2)]), stride: tuple([long(2n ** 62n)]) })],
    [
      'strides whose sum is beyond 2^53',
      tensor({
        size: tuple([int(2)], [int(2)]),
        stride: tuple([long(2n ** 53n - 1n)], [long(2n ** 53n - 1n)]),
      }),
    ],
    ['a size that is no number', tensor({ size: tuple([text('4')]) })],
    ['fewer strides than sizes', tensor({ size: tuple([int(2)], [int(2)]) })],
    ['nine dimensions', tensor({ size: eight(1), stride: eight(1) })],
    [
      'a product beyond 2^53',
      tensor({ size: tuple([int(2 ** 30)], [int(2 ** 30)]), stride: tuple([int(0)], [int(0)]) }),
    ],
    ['an expansion to gigabytes', tensor({ size: tuple([int(2 ** 30)]), stride: tuple([int(0)]) })],
    ['a storage one element larger than its record', tensor({ count: int(5) })],
    ['a storage one element smaller', tensor({ count: int(3), size: tuple([int(3)]) })],
    ['a negative storage', tensor({ count: int(-4) })],
    ['a storage of 2^62', tensor({ count: long(2n ** 62n) })],
    ['a record that is not there', tensor({ key: '1' })],
    ['a record outside the archive', tensor({ key: '../../etc/passwd' })],
    ['a complex storage', tensor({ storage: 'ComplexFloatStorage' })],
    ['a quantised storage', tensor({ storage: 'QInt8Storage' })],
    ['a conjugate view', tensor({ metadata: ['}', text('conj'), 0x88, 's'] })],
  ])('are refused with %s', async (_, instructions) => {
    await expect(open(...dictOf(instructions))).rejects.toMatchObject({ code: 'weights-format' });
  });

  test('may share a storage, but with one type and size', async () => {
    const store = await open(
      '}',
      text('a'),
      ...tensor(),
      's',
      text('b'),
      ...tensor({ size: tuple([int(2)]) }),
      's',
    );
    expect(await values(store, 'b')).toEqual([1, 2]);
    const other = tensor({ storage: 'HalfStorage', count: int(8), size: tuple([int(8)]) });
    await expect(open('}', text('a'), ...tensor(), 's', text('b'), ...other, 's')).rejects.toThrow(
      'two types',
    );
  });
});

describe('names', () => {
  test.each([
    ['os', 'system'],
    ['posix', 'system'],
    ['nt', 'system'],
    ['subprocess', 'Popen'],
    ['builtins', 'eval'],
    ['builtins', 'exec'],
    ['builtins', 'getattr'],
    ['__builtin__', 'eval'],
    ['builtins', '__import__'],
    ['sys', 'exit'],
    ['pickle', 'loads'],
    ['runpy', '_run_code'],
    ['pip', 'main'],
    ['torch', 'load'],
    ['torch.hub', 'load'],
    ['torch.serialization', 'load'],
    ['torch._utils', '_rebuild_sparse_tensor'],
    ['torch._utils', '_rebuild_wrapper_subclass'],
    ['torch.nn.modules.linear', 'Linear'],
    ['numpy', 'load'],
    ['numpy.testing._private.utils', 'runstring'],
    ['collections', 'namedtuple'],
    ['__main__', 'Model'],
  ])('%s.%s is refused wherever it stands', async (module, name) => {
    const called = [global(module, name), ...tuple([text('x')]), 'R'];
    for (const value of [[global(module, name)], called]) {
      const opening = open('}', text('w'), ...tensor(), 's', text('x'), ...value, 's');
      await expect(opening).rejects.toMatchObject({ code: 'weights-format' });
      await expect(opening).rejects.toThrow(`${module.replace('__builtin__', 'builtins')}.${name}`);
    }
  });

  test('leftovers of trainers are inert', async () => {
    const leftovers = [
      ...[
        '}',
        text('a'),
        global('numpy', 'dtype'),
        ...tuple([text('f8')]),
        'R',
        ...tuple([int(1)]),
        'b',
        's',
      ],
      ...[
        text('b'),
        global('omegaconf.dictconfig', 'DictConfig'),
        ')',
        0x81,
        '}',
        text('x'),
        'N',
        's',
        'b',
        's',
      ],
      ...[text('c'), global('collections', 'defaultdict'), ...tuple([global('builtins', 'list')]), 'R', 's'],
      ...[text('d'), global('_codecs', 'encode'), ...tuple([text('é')], [text('latin1')]), 'R', 's'],
      ...[text('e'), global('torch', 'Size'), ...tuple([']', int(1), 'a']), 'R', 's'],
      ...[text('w'), ...tensor(), 's'],
    ];
    const store = await open(...leftovers);
    expect([...store.entries.keys()]).toEqual(['w']);
  });

  test('a key called __proto__ is a key', async () => {
    const store = await open('}', text('__proto__'), ...tensor(), 's', text('constructor'), ...tensor(), 's');
    expect([...store.entries.keys()]).toEqual(['__proto__', 'constructor']);
  });
});

describe('instructions', () => {
  test.each<[string, PickleText]>([
    ['an item set on a tensor', [...tensor(), text('k'), int(1), 's']],
    ['items set on a tensor', [...tensor(), '(', text('k'), int(1), 'u']],
    ['an item set on a list', [']', text('k'), int(1), 's']],
    ['an item set on a tuple', [')', text('k'), int(1), 's']],
    ['an item set on a text', [text('t'), text('k'), int(1), 's']],
    ['an item appended to a dict', ['}', int(1), 'a']],
    ['an item appended to a tensor', [...tensor(), int(1), 'a']],
    ['a key without a value', ['}', '(', text('k'), 'u']],
    ['state given to a list', [']', '}', 'b']],
    ['state given to a storage class', [global('torch', 'FloatStorage'), '}', 'b']],
    ['a call of a text', [text('os.system'), ')', 'R']],
    ['a call of a tensor', [...tensor(), ')', 'R']],
    ['a call of a storage class', [global('torch', 'FloatStorage'), ')', 'R']],
    ['a call with a list', [global('collections', 'OrderedDict'), ']', 'R']],
    ['an object of a type', [global('torch', 'float32'), ')', 0x81]],
    ['a tensor of nothing', [global('torch._utils', '_rebuild_tensor_v2'), ')', 'R']],
    ['a tensor of a text', [global('torch._utils', '_rebuild_tensor_v2'), ...tuple([text('x')]), 'R']],
    ['a parameter of a text', [global('torch._utils', '_rebuild_parameter'), ...tuple([text('x')]), 'R']],
    ['an id that is a text', [text('storage'), 'Q']],
    ['an id of something else', [...tuple([text('module')], [int(1)]), 'Q']],
    [
      'an id without a class',
      [...tuple([text('storage')], [text('FloatStorage')], [text('0')], [text('cpu')], [int(4)]), 'Q'],
    ],
    ['an empty stack', []],
    ['a pop of nothing', ['0']],
    ['a tuple of more than there is', [int(1), 0x86]],
    ['a mark that is taken for a value', ['(', 0x85]],
    ['a group that did not begin', ['t']],
    ['a value left over', ['}', '}']],
    ['a mark left over', ['}', '(']],
    ['a memory that is empty', ['h', 0]],
    ['a memory index that is too large', ['}', 'r', new Uint8Array([0xff, 0xff, 0xff, 0x7f])]],
    ['an integer of 10 bytes', [0x8a, 10, new Uint8Array(10)]],
    ['a text longer than the pickle', ['X', new Uint8Array([0xff, 0xff, 0, 0])]],
    ['a text of 4 GiB', ['X', new Uint8Array([0xff, 0xff, 0xff, 0xff])]],
    ['a text of negative length', ['T', new Uint8Array([0xff, 0xff, 0xff, 0xff])]],
    ['bytes of 2^64', [0x8e, new Uint8Array(8).fill(0xff)]],
    ['a name without end', [`c${'x'.repeat(5000)}`]],
    ['protocol 9', [0x80, 9, '}']],
    ...[
      'I1\n',
      'L1L\n',
      "S'x'\n",
      'Vx\n',
      'F1\n',
      'g0\n',
      'd',
      'l',
      'ios\nsystem\n',
      'o',
      'Px\n',
      'p0\n',
    ].map((text0): [string, PickleText] => [`the old instruction ${text0[0]}`, ['}', '(', text0]]),
    ...[0x82, 0x83, 0x84, 0x8b, 0x96, 0x97, 0x98, 0x00, 0xff].map((code): [string, PickleText] => [
      `the instruction 0x${code.toString(16)}`,
      ['}', code, new Uint8Array(16)],
    ]),
  ])('refused: %s', async (_, instructions) => {
    await expect(open(...instructions)).rejects.toMatchObject({ code: 'weights-format' });
  });

  test('refused: what is no dict of tensors', async () => {
    await expect(open(int(1))).rejects.toThrow('no state dict');
    await expect(open(...tensor())).rejects.toThrow('no state dict');
  });

  test('budgets end a pickle that nests, piles up or repeats without end', async () => {
    await expect(open(...repeat('(', 65))).rejects.toThrow('nested too deep');
    await expect(open('N'.repeat(1_000_001))).rejects.toThrow('stack is too deep');
    await expect(open('}0'.repeat(2_000_001))).rejects.toThrow('too many objects');
    await expect(open(']', 'Na'.repeat(2_000_001))).rejects.toThrow('too many objects');
    await expect(open('N0'.repeat(5_000_001))).rejects.toThrow('too many instructions');
  });

  test('what is copied counts as often as it is copied', async () => {
    const dict = ['}', '(', numbered(50_000), 'u', 'q', 0];
    const copies = `${global('collections', 'OrderedDict')}h\0\x85R0`.repeat(1000);
    await expect(open(...dict, copies)).rejects.toThrow('too many objects');
  });

  test('a large dict that many names share is looked at once', async () => {
    const shared = ['}', '(', numbered(100_000), 'u', text('w'), ...tensor(), 's'];
    const names = Array.from({ length: 1000 }, (_, i) => [text(`n${i}`), 'h', 0]).flat();
    const store = await open(...shared, 'q', 0, '0', '}', '(', ...names, 'u');
    expect(store.entries.size).toBe(1000);
  });

  test('dicts that hold themselves, or each other a million times, end', async () => {
    const itself = ['}', 'q', 0, text('a'), 'h', 0, 's', text('w'), ...tensor(), 's'];
    expect([...(await open(...itself)).entries.keys()]).toEqual(['w']);
    const after = ['}', 'q', 0, text('w'), ...tensor(), 's', text('a'), 'h', 0, 's'];
    await expect(open(...after)).rejects.toThrow('nested too deep');
    const doubling: PickleText[] = [['}', text('w'), ...tensor(), 's', 'q', 0]];
    for (let i = 1; i < 15; i++) {
      doubling.push([
        '}',
        text('a'),
        'h',
        i - 1,
        's',
        text('b'),
        'h',
        i - 1,
        's',
        text('c'),
        'h',
        i - 1,
        's',
        'q',
        i,
      ]);
    }
    const pickled = doubling.flatMap((level, i) => (i === 0 ? level : ['0', ...level]));
    await expect(open(...pickled)).rejects.toMatchObject({ code: 'weights-format' });
  });

  test('long chains of tuples do not exhaust the call stack', async () => {
    const chain = [')', '\x85'.repeat(500_000)];
    const store = await open('}', text('x'), ...chain, 's', text('w'), ...tensor(), 's');
    expect([...store.entries.keys()]).toEqual(['w']);
  });
});
