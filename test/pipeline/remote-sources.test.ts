import { MessageChannel } from 'node:worker_threads';
import { type ByteSource, blobSource, bytesSource, type FolderSource, filesSource } from 'animatediff-js';
import { afterEach, expect, test } from 'vitest';
import { openEndpoint } from '../../src/core/port/endpoint.js';
import { givenSources } from '../../src/pipeline/remote/given-sources.js';
import { remoteSource } from '../../src/pipeline/remote/remote-source.js';
import type { SourceCalls, SourceHandle } from '../../src/pipeline/remote/source-handle.js';

const ports: { close(): void }[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** Both sides of sources that are given over a port. */
function sides() {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  const sources = givenSources();
  openEndpoint<SourceCalls, object>({ port: port1, peer: 'the worker', handlers: sources.handlers });
  const page = openEndpoint<object, SourceCalls>({ port: port2, peer: 'the page', handlers: {} });
  const handleOf = <T>(source: T) => sources.giveAll({ source })['source'] as SourceHandle;
  const across = <T extends ByteSource | FolderSource>(source: T) =>
    remoteSource(page, structuredClone(handleOf(source))) as T;
  return { sources, page, handleOf, across };
}

const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);

test('a file that stays on the page is read from the worker', async () => {
  const source = bytesSource(bytes, { name: 'numbers' });
  const remote = sides().across(source);
  expect(remote.name).toBe('numbers');
  expect(await remote.size()).toBe(100);
  expect(await remote.read(10, 3)).toEqual(Uint8Array.of(10, 11, 12));
  expect(await remote.fingerprint()).toBe(await source.fingerprint());
  await remote.close();
});

test('a read leaves the page’s own bytes alone', async () => {
  const own = Uint8Array.of(1, 2, 3);
  const custom: ByteSource = { ...bytesSource(own), read: async () => own };
  expect(await sides().across(custom).read(0, 3)).toEqual(own);
  expect(own.byteLength).toBe(3);
});

test('a large read is asked for in pieces', async () => {
  const length = 20 * 2 ** 20;
  const lengths: number[] = [];
  const custom: ByteSource = {
    ...bytesSource(bytes),
    size: async () => length,
    read: async (offset, count) => {
      lengths.push(count);
      return new Uint8Array(count).fill(offset / 2 ** 20);
    },
  };
  const read = await sides().across(custom).read(0, length);
  expect(lengths.map((each) => each / 2 ** 20)).toEqual([8, 8, 4]);
  expect([read[0], read[8 * 2 ** 20], read[length - 1]]).toEqual([0, 8, 16]);
});

test('a read beyond the end is refused as the source itself refuses it', async () => {
  const source = bytesSource(bytes, { name: 'numbers' });
  const expected = await source.read(90, 20).catch((error: unknown) => error);
  await expect(sides().across(source).read(90, 20)).rejects.toEqual(expected);
  const far = sides()
    .across(source)
    .read(0, 2 ** 40);
  await expect(far).rejects.toMatchObject({ code: 'weights-format' });
});

test('a source that gives other than it was asked for is found out', async () => {
  const short: ByteSource = { ...bytesSource(bytes), read: async () => Uint8Array.of(1) };
  await expect(sides().across(short).read(0, 3)).rejects.toMatchObject({ code: 'weights-format' });
});

test('a Blob is sent instead of being asked for', async () => {
  const { across, handleOf } = sides();
  const source = blobSource(new Blob([bytes]), { name: 'numbers' });
  const unread: ByteSource = { ...source, read: () => Promise.reject(new Error('asked')) };
  expect(handleOf(unread)).toMatchObject({ travels: 'blob', name: 'numbers' });
  expect(await across(unread).read(97, 3)).toEqual(Uint8Array.of(97, 98, 99));
});

test('files of a folder are found by their path', async () => {
  const folder = filesSource(new Map([['unet/config.json', new Blob(['{}'])]]), { name: 'model' });
  const remote = sides().across(folder);
  const file = await remote.file('unet/config.json');
  expect(file?.name).toBe('model/unet/config.json');
  expect(await file?.size()).toBe(2);
  expect(await remote.file('vae/config.json')).toBeUndefined();
});

test('what was never given, or was taken back, cannot be read', async () => {
  const { sources, page, across } = sides();
  await expect(page.call('sourceSize', { source: 7 })).rejects.toMatchObject({ code: 'invalid-options' });
  const source = bytesSource(bytes);
  const remote = across(source);
  sources.takeBack(source);
  await expect(remote.size()).rejects.toMatchObject({ code: 'invalid-options' });
});
