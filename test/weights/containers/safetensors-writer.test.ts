import { expect, test } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import { openSafetensors } from '../../../src/weights/containers/safetensors.js';
import { safetensorsHeader, writeSafetensors } from '../../../src/weights/safetensors-writer.js';
import type { WeightType } from '../../../src/weights/weight-store.js';
import { join } from './support/zip-bytes.js';

const types: [WeightType, number][] = [
  ['f64', 8],
  ['bf16', 2],
  ['f8_e4m3', 1],
  ['f8_e5m2fnuz', 1],
  ['i64', 8],
  ['bool', 1],
];
const tensors = types.map(([type, size], i) => ({
  name: `layer.${type}`,
  type,
  shape: [3, 1],
  bytes: new Uint8Array(3 * size).fill(i + 1),
}));

test('what is written is read again, in order', async () => {
  const metadata = new Map([['note', 'a "quoted" é']]);
  const file = writeSafetensors(
    [...tensors, { name: 'none', type: 'f32', shape: [0], bytes: new Uint8Array(0) }],
    metadata,
  );
  const store = await openSafetensors(bytesSource(file));
  expect([...store.entries.keys()]).toEqual([...tensors.map(({ name }) => name), 'none']);
  expect([...store.metadata]).toEqual([...metadata]);
  for (const { name, type, shape, bytes } of tensors)
    expect(await store.read(name)).toEqual({ type, shape, bytes });
});

test('header and data, streamed one after the other, are the same file; the data starts at a multiple of 8', () => {
  const header = safetensorsHeader(tensors);
  expect(header.byteLength % 8).toBe(0);
  expect(join([header, ...tensors.map(({ bytes }) => bytes)])).toEqual(writeSafetensors(tensors));
});

test('mistakes are refused', () => {
  const [one] = tensors as [(typeof tensors)[0]];
  const fails = (list: Parameters<typeof writeSafetensors>[0]) =>
    expect(() => writeSafetensors(list)).toThrowError(expect.objectContaining({ code: 'invalid-options' }));
  fails([one, one]);
  fails([{ ...one, name: '__metadata__' }]);
  fails([{ ...one, shape: [4] }]);
  fails([{ ...one, shape: [-1] }]);
  fails([{ ...one, shape: [1.5] }]);
});
