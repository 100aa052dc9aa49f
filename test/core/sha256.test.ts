import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/core/sha256.js';

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31 + 7) % 256);
const expected = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_003])('of %i bytes', (length) => {
  const digest = sha256();
  digest.update(bytes(length));
  expect(digest.hex()).toBe(expected(bytes(length)));
});

test('in pieces of any size', () => {
  const data = bytes(5000);
  const digest = sha256();
  for (let at = 0, size = 1; at < data.length; at += size++) digest.update(data.subarray(at, at + size));
  expect(digest.hex()).toBe(expected(data));
});
