import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import { openSafetensors } from '../../../src/weights/containers/safetensors.js';
import type { WeightStore } from '../../../src/weights/weight-store.js';
import { safetensorsBytes } from './support/safetensors-bytes.js';

const open = (bytes: Uint8Array): Promise<WeightStore> =>
  openSafetensors(bytesSource(bytes, { name: 'x.safetensors' }));

const entry = (fields: string) => `{"w":{${fields}}}`;
const good = '"dtype":"F32","shape":[1],"data_offsets":[0,4]';
const u8 = (name: string, begin: number, end: number, shape = end - begin) =>
  `"${name}":{"dtype":"U8","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** What the reference implementation accepts, or we read more leniently at no risk: header, data bytes, names. */
const accepted: [string, string | Uint8Array, number, string[]][] = [
  ['one tensor', entry(good), 4, ['w']],
  ['white space before the brace', ` \t\n\r${entry(good)}`, 4, ['w']],
  ['white space after it', `${entry(good)} \t\n\r`, 4, ['w']],
  ['an empty header', '{}', 0, []],
  ['metadata that is null', `{"__metadata__":null,"w":{${good}}}`, 4, ['w']],
  ['empty metadata', `{"__metadata__":{},"w":{${good}}}`, 4, ['w']],
  ['an unknown field of any kind', entry(`${good},"x":[1.5e3,-2,{"y":[true,null,"\\u00e9"]}]`), 4, ['w']],
  ['a scalar', entry('"dtype":"F16","shape":[],"data_offsets":[0,2]'), 2, ['w']],
  ['an empty tensor', entry('"dtype":"F32","shape":[3,0],"data_offsets":[0,0]'), 0, ['w']],
  [
    'an empty tensor between two others',
    `{${u8('a', 0, 2)},${u8('e', 2, 2)},${u8('b', 2, 3)}}`,
    3,
    ['a', 'e', 'b'],
  ],
  ['tensors in any order', `{${u8('b', 2, 3)},${u8('a', 0, 2)}}`, 3, ['b', 'a']],
  ['the names __proto__ and ""', `{${u8('__proto__', 0, 1)},${u8('', 1, 2)}}`, 2, ['__proto__', '']],
  ['escapes in names', `{${u8('a\\"\\\\\\/\\n\\u0041\\ud83d\\ude00', 0, 1)}}`, 1, ['a"\\/\nA😀']],
  ['a name of 1024 bytes', `{${u8('é'.repeat(512), 0, 1)}}`, 1, ['é'.repeat(512)]],
  ['eight dimensions', entry('"dtype":"U8","shape":[1,1,1,1,1,1,1,1],"data_offsets":[0,1]'), 1, ['w']],
];

/** What is refused, by the reference or by us alone (duplicates over the same bytes, limits). */
const refused: [string, string | Uint8Array, number, RegExp?][] = [
  ['an array as header', '[]', 0],
  ['a number as header', '12', 0],
  ['truncated JSON', '{"w":{"dtype":"F32"', 0],
  ['NUL padding', `${entry(good)}\0\0`, 4],
  ['a byte order mark', `\ufeff${entry(good)}`, 4],
  ['bytes that are no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), 0, /UTF-8/],
  ['two headers', `${entry(good)}{}`, 4],
  ['a trailing comma', `{"w":{${good}},}`, 4],
  ['single quotes', `{'w':{${good}}}`, 4],
  ['a comment', `/* */${entry(good)}`, 4],
  ['metadata that is no text', '{"__metadata__":{"a":1}}', 0],
  ['metadata that is a list', '{"__metadata__":["a"]}', 0],
  ['metadata twice', '{"__metadata__":{},"__metadata__":{}}', 0, /comes twice/],
  ['a metadata key twice', '{"__metadata__":{"a":"1","a":"2"}}', 0, /comes twice/],
  ['a tensor twice on the same bytes', `{${u8('w', 0, 1)},${u8('w', 0, 1)}}`, 1, /"w" comes twice/],
  ['a tensor twice on other bytes', `{${u8('w', 0, 1)},${u8('w', 1, 2)}}`, 2, /"w" comes twice/],
  ['a tensor twice by an escape', `{${u8('w', 0, 1)},${u8('\\u0077', 0, 1)}}`, 1, /"w" comes twice/],
  ['a type twice', entry(`${good},"dtype":"F32"`), 4, /'dtype' comes twice/],
  ['a shape twice', entry(`${good},"shape":[1]`), 4, /'shape' comes twice/],
  ['offsets twice', entry(`${good},"data_offsets":[0,4]`), 4],
  ['three offsets', entry('"dtype":"F32","shape":[1],"data_offsets":[0,4,4]'), 4],
  ['one offset', entry('"dtype":"F32","shape":[1],"data_offsets":[4]'), 4],
  ['no type', entry('"shape":[1],"data_offsets":[0,4]'), 4, /needs 'dtype'/],
  ['no shape', entry('"dtype":"F32","data_offsets":[0,4]'), 4],
  ['no offsets', entry('"dtype":"F32","shape":[1]'), 4],
  ['a tensor that is no object', '{"w":[]}', 0],
  ['a shape that is no list', entry('"dtype":"F32","shape":1,"data_offsets":[0,4]'), 4],
  ...['1.0', '1e0', '-1', 'NaN', '"1"', '01', '+1', '0x1', 'null', 'true', '1.', ''].map(
    (number): [string, string, number] => [
      `${number || 'nothing'} where a whole number belongs`,
      entry(`"dtype":"F32","shape":[${number || ','}],"data_offsets":[0,4]`),
      4,
    ],
  ),
  ['offsets that are not whole', entry('"dtype":"F32","shape":[1],"data_offsets":[0.0,4]'), 4],
  ['an unknown type', entry('"dtype":"F99","shape":[1],"data_offsets":[0,4]'), 4, /"F99".*does not exist/],
  ['a type in lower case', entry('"dtype":"f32","shape":[1],"data_offsets":[0,4]'), 4],
  ['complex numbers', entry('"dtype":"C64","shape":[1],"data_offsets":[0,8]'), 8, /not supported/],
  ['4-bit floats', entry('"dtype":"F4","shape":[2],"data_offsets":[0,1]'), 1, /not supported/],
  [
    'a shape beyond 2^53',
    entry('"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,4]'),
    4,
    /too large/,
  ],
  [
    'a product beyond 2^53',
    entry('"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4]'),
    4,
    /shape of tensor "w" is too large/,
  ],
  [
    'a product beyond 2^64 that wraps to the length',
    entry('"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]'),
    0,
  ],
  [
    'a size that is not the shape',
    entry('"dtype":"F32","shape":[2],"data_offsets":[0,4]'),
    4,
    /has 4 bytes, but .* take 8/,
  ],
  ['an end before the begin', entry('"dtype":"U8","shape":[1],"data_offsets":[1,0]'), 1],
  ['a hole', `{${u8('a', 0, 1)},${u8('b', 2, 3)}}`, 3, /"b" starts at byte 2 of the data, but 1/],
  ['a hole at the start', `{${u8('a', 1, 2)}}`, 2],
  ['an overlap', `{${u8('a', 0, 2)},${u8('b', 1, 3)}}`, 3],
  [
    'many tensors on the same bytes',
    `{${Array.from({ length: 10 }, (_, i) => u8(`t${i}`, 0, 4)).join(',')}}`,
    4,
  ],
  ['an empty tensor inside another', `{${u8('a', 0, 4)},${u8('e', 2, 2)}}`, 4],
  ['a byte too many', entry(good), 5, /1 bytes follow the last tensor/],
  ['a byte too few', entry(good), 3, /cut off: 1 of 4 bytes are missing/],
  ['data without tensors', '{}', 1],
  ['half a surrogate pair', `{${u8('\\ud800', 0, 1)}}`, 1],
  ['a low surrogate alone', `{${u8('\\udc00', 0, 1)}}`, 1],
  ['a high surrogate before a letter', `{${u8('\\ud800\\u0041', 0, 1)}}`, 1],
  ['an unknown escape', `{${u8('\\x', 0, 1)}}`, 1],
  ['a control character in a name', `{${u8('a\nb', 0, 1)}}`, 1],
  ['deep nesting', entry(`${good},"x":${nested(7)}`), 4, /too deep/],
  ['very deep nesting', entry(`${good},"x":${nested(100_000)}`), 4, /too deep/],
  ['nine dimensions', entry('"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]'), 1],
  ['a name of 1025 bytes', `{${u8(`${'é'.repeat(512)}x`, 0, 1)}}`, 1, /longer than 1024 bytes/],
];

describe('the header', () => {
  test.each(accepted)('accepts %s', async (_, header, data, names) => {
    const store = await open(safetensorsBytes(header, data));
    expect([...store.entries.keys()]).toEqual(names);
    for (const name of names) await store.read(name);
  });

  test.each(refused)('refuses %s', async (_, header, data, message = /^x/) => {
    await expect(open(safetensorsBytes(header, data))).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringMatching(/^x\.safetensors: /),
    });
    await expect(open(safetensorsBytes(header, data))).rejects.toThrow(message);
  });

  test('whose length is 0, or beyond the file, or huge, is refused before anything is allocated', async () => {
    for (const length of [0n, 1n, 5n, 2n ** 40n, 2n ** 64n - 1n]) {
      const bytes = safetensorsBytes('{}');
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      await expect(open(bytes)).rejects.toMatchObject({ code: 'weights-format' });
    }
    await expect(open(new Uint8Array(7))).rejects.toMatchObject({ code: 'weights-format' });
  });

  test('with more tensors than any model has is refused', async () => {
    const many = Array.from({ length: 100_001 }, (_, i) => u8(`t${i}`, 0, 0)).join(',');
    await expect(open(safetensorsBytes(`{${many}}`))).rejects.toThrow('more than 100000 tensors');
  });

  test('a file is refused at every length it can be cut to', async () => {
    const whole = safetensorsBytes(`{${u8('a', 0, 2)},${u8('b', 2, 3)},${u8('c', 3, 7)}}`, 7);
    for (let length = 0; length < whole.byteLength; length++) {
      await expect(open(whole.slice(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: 'weights-format',
      });
    }
  });
});

describe('the store', () => {
  const bytes = safetensorsBytes(
    '{"__metadata__":{"format":"pt","__proto__":"x"},' +
      '"b":{"dtype":"F16","shape":[2],"data_offsets":[1,5]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}',
    Uint8Array.of(7, 1, 2, 3, 4),
  );

  test('has names, types, shapes and metadata before anything is read', async () => {
    const store = await open(bytes);
    expect(store.label).toBe('x.safetensors');
    expect(store.entries.get('b')).toMatchObject({ name: 'b', type: 'f16', shape: [2] });
    expect([...store.metadata]).toEqual([
      ['format', 'pt'],
      ['__proto__', 'x'],
    ]);
  });

  test('reads tensors, aligned or not', async () => {
    const store = await open(bytes);
    expect(await store.read('a')).toEqual({ type: 'u8', shape: [], bytes: Uint8Array.of(7) });
    expect(await store.read('b')).toEqual({ type: 'f16', shape: [2], bytes: Uint8Array.of(1, 2, 3, 4) });
  });

  test('says what it does not have', async () => {
    await expect((await open(bytes)).read('c')).rejects.toMatchObject({ code: 'weights-mismatch' });
  });

  test('has the fingerprint of its source, and heeds signals', async () => {
    const store = await open(bytes);
    expect(await store.fingerprint()).toMatch(/^sha256:/);
    await expect(store.read('a', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});
