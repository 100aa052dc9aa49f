import { expect, test } from 'vitest';
import { type Readable, readAhead } from '../../src/core/read-ahead.js';

const limits = { reads: 6, bytes: 32 * 2 ** 20 };

/** Reads that end when they are told to, and how many are under way. */
function slowReads(count: number, byteLength: number) {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const list = Array.from(
    { length: count },
    (_, index): Readable => ({
      byteLength,
      read: (signal) => {
        begun.push(index);
        return new Promise((resolve, reject) => {
          ends[index] = () => resolve(Uint8Array.of(index));
          signal?.addEventListener('abort', () => reject(signal.reason));
        });
      },
    }),
  );
  return { list, begun, end: (index: number) => ends[index]!() };
}

test('gives what it reads in order, with the next reads under way', async () => {
  const { list, begun, end } = slowReads(8, 10);
  const reads = readAhead(list, limits);
  const first = reads.next();
  expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
  end(1);
  end(0);
  expect((await first).value).toEqual(Uint8Array.of(0));
  expect((await reads.next()).value).toEqual(Uint8Array.of(1));
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  await reads.return();
});

test('holds no more bytes ahead than it may, but reads what is larger in its turn', async () => {
  const { list, begun, end } = slowReads(4, 15 * 2 ** 20);
  const reads = readAhead(list, limits);
  const first = reads.next();
  expect(begun).toEqual([0, 1]);
  end(0);
  await first;
  void reads.next();
  expect(begun).toEqual([0, 1, 2]);
  const large = slowReads(2, 2 ** 30);
  void readAhead(large.list, limits).next();
  expect(large.begun).toEqual([0]);
});

test('throws what a read throws, when the others have ended', async () => {
  const { list } = slowReads(2, 10);
  const stopped: unknown[] = [];
  const heard: Readable = {
    byteLength: 10,
    read: (signal) => list[0]!.read(signal).catch((error: unknown) => stopped.push(error) as never),
  };
  const failing: Readable = { byteLength: 10, read: () => Promise.reject(new Error('no server')) };
  await expect(readAhead([failing, heard], limits).next()).rejects.toThrow('no server');
  expect(stopped).toHaveLength(1);
});

test('ends with the reason of its signal', async () => {
  const controller = new AbortController();
  const attempt = readAhead(slowReads(3, 10).list, limits, controller.signal).next();
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(attempt).rejects.toBe(reason);
});
