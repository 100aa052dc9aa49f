import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type * as Entry from './pages/cached-source.js';
import { type BrowserPage, chromiumPath, openBrowserPage } from './support/browser-page.js';
import { type FileServer, fileServer, servedFile } from './support/file-server.js';

type Kept = Entry.Kept;
type KeepOptions = Entry.KeepOptions;

const piece = 8 * 2 ** 20;
/** Three pieces. */
const large = servedFile(20 * 2 ** 20);
const small = servedFile(100_000, 2);

describe.skipIf(chromiumPath === undefined)('files that a browser keeps', () => {
  let browser: BrowserPage;
  let server: FileServer;
  let context: BrowserContext;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    browser = await openBrowserPage({ entries: ['cached-source', 'cached-source-worker'] });
  }, 120_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    server = await fileServer();
    server.files.set('/large.safetensors', large).set('/small.json', small);
    url = `${server.origin}/large.safetensors`;
    await newVisitor();
  });
  afterEach(async () => {
    await context.close();
    await server.close();
  });

  /** Somebody whose store is empty. */
  async function newVisitor(before?: () => void): Promise<void> {
    await context?.close();
    context = await browser.browser.newContext();
    if (before) await context.addInitScript(before);
    page = await open();
  }

  async function open(): Promise<Page> {
    const opened = await context.newPage();
    await opened.goto(`${browser.origin}/`);
    await opened.waitForFunction(() => 'entry' in globalThis);
    await opened.evaluate(() =>
      (globalThis as unknown as { entry: typeof Entry }).entry.workerReady.then(() => {}),
    );
    return opened;
  }

  /** A later visit, where the network has ended. */
  async function laterWithoutNetwork(): Promise<Page> {
    const later = await open();
    await context.setOffline(true);
    return later;
  }

  const entryOf = <A extends unknown[], R>(name: string, at: Page, ...args: A): Promise<R> =>
    at.evaluate(
      ([called, given]) =>
        (globalThis as unknown as { entry: Record<string, (...each: unknown[]) => R> }).entry[called]!(
          ...given,
        ),
      [name, args as unknown[]] as const,
    ) as Promise<R>;
  const keep = (from = url, options: KeepOptions = {}, at = page): Promise<Kept> =>
    entryOf('keep', at, from, options);
  const list = (at = page): ReturnType<typeof Entry.list> => entryOf('list', at);
  /** First bytes of the pieces that were asked for. */
  const asked = (): (number | undefined)[] =>
    server.requests.filter(({ range }) => range?.[1] !== 65535).map(({ range }) => range?.[0]);

  describe.each<['keep' | 'keepInWorker', string]>([
    ['keep', 'on a page'],
    ['keepInWorker', 'in a worker'],
  ])('%s: %s', (how) => {
    const run = (options: KeepOptions = {}, at = page): Promise<Kept> => entryOf(how, at, url, options);

    test('a second visit needs no network', async () => {
      const first = await run();
      expect(first).toMatchObject({ size: large.bytes.length, sha256: large.sha256 });
      expect(first.progress.map(({ loaded }) => loaded)).toEqual([0, piece, 2 * piece, large.bytes.length]);
      const count = server.requests.length;
      const second = await entryOf<unknown[], Kept>(how, await laterWithoutNetwork(), url);
      expect(second).toMatchObject({ sha256: large.sha256, fingerprint: first.fingerprint, progress: [] });
      expect(server.requests).toHaveLength(count);
    });

    test('what was interrupted goes on where it was', async () => {
      server.cutFrom = piece;
      const { error } = await run();
      expect(error).toMatchObject({ code: 'weights-format', message: expect.stringContaining('4 attempts') });
      server.cutFrom = Number.POSITIVE_INFINITY;
      server.requests.length = 0;
      const { sha256, progress } = await run({ sha256: large.sha256 }, await open());
      expect(sha256).toBe(large.sha256);
      expect(progress[0]).toMatchObject({ loaded: piece, total: large.bytes.length });
      expect(asked()).toEqual([piece, 2 * piece]);
    });
  });

  test('a cancelled fetch rejects with the reason and goes on later', async () => {
    const { error } = await keep(url, { abortAt: piece });
    expect(error).toMatchObject({ code: 'other', message: 'enough' });
    server.requests.length = 0;
    expect((await keep()).sha256).toBe(large.sha256);
    expect(asked()).toEqual([piece, 2 * piece]);
  });

  test.each<[string, string]>([
    ['another ETag', '"new"'],
    ['no ETag', ''],
  ])('a part of a file that now has %s is fetched from its beginning', async (_, etag) => {
    await keep(url, { abortAt: piece });
    const changed = { ...servedFile(large.bytes.length, 3), etag };
    server.files.set('/large.safetensors', changed);
    server.requests.length = 0;
    expect((await keep()).sha256).toBe(changed.sha256);
    expect(asked()).toEqual([0, piece, 2 * piece]);
  });

  test('a kept file stays as it is, until somebody wants to know', async () => {
    const before = await keep();
    const changed = servedFile(9_000_000, 4);
    server.files.set('/large.safetensors', changed);
    expect((await keep()).sha256).toBe(before.sha256);
    expect((await keep(url, { revalidate: true })).sha256).toBe(changed.sha256);
    server.requests.length = 0;
    expect((await keep(url, { revalidate: true })).sha256).toBe(changed.sha256);
    expect(asked()).toEqual([]);
    const later = await laterWithoutNetwork();
    expect((await keep(url, { revalidate: true }, later)).sha256).toBe(changed.sha256);
  });

  test('a file with another SHA-256 is refused and not kept', async () => {
    const { error } = await keep(url, { sha256: small.sha256 });
    expect(error).toMatchObject({
      code: 'weights-format',
      details: { expected: small.sha256, found: large.sha256 },
    });
    expect(await list()).toEqual([]);
    // Kept without one, it is checked as soon as one is given.
    await keep();
    server.files.set('/large.safetensors', small);
    expect((await keep(url, { sha256: small.sha256.toUpperCase() })).sha256).toBe(small.sha256);
  });

  describe('without room', () => {
    async function limitTo(bytes: number): Promise<void> {
      const session = await context.newCDPSession(page);
      await session.send('Storage.overrideQuotaForOrigin', { origin: browser.origin, quotaSize: bytes });
    }

    test('nothing is fetched where the browser tells beforehand: the error says what is needed and what there is', async () => {
      await newVisitor(() => {
        StorageManager.prototype.estimate = async () => ({ quota: 10_000_000, usage: 4_000_000 });
      });
      const { error } = await keep();
      expect(error).toMatchObject({
        code: 'backend',
        message: expect.stringMatching(/0\.0210 GB.*0\.0060 GB.*clearCachedFiles/),
        details: { needed: large.bytes.length, available: 6_000_000, quota: 10_000_000 },
      });
      expect(asked()).toEqual([]);
    });

    test('that was there at first, what is kept by then stays', async () => {
      await limitTo(12_000_000);
      const { error } = await keep();
      expect(error?.message).toMatch(/no room for it/);
      expect(error).toMatchObject({ code: 'backend', details: { needed: large.bytes.length } });
      expect(await list()).toMatchObject([{ loaded: piece, complete: false }]);
    });
  });

  describe('where the file system is not to be had', () => {
    beforeEach(() => newVisitor(() => Reflect.deleteProperty(StorageManager.prototype, 'getDirectory')));

    test('the Cache API keeps files', async () => {
      await keep(url, { abortAt: piece });
      server.requests.length = 0;
      expect((await keep()).sha256).toBe(large.sha256);
      expect(asked()).toEqual([piece, 2 * piece]);
      expect(await list()).toMatchObject([{ name: url, complete: true }]);
      expect((await keep(url, {}, await laterWithoutNetwork())).sha256).toBe(large.sha256);
      expect(await entryOf('clear', page)).toEqual({ files: 1, bytes: large.bytes.length });
      expect(await list()).toEqual([]);
    });

    test('and without that either, the error says so', async () => {
      await newVisitor(() => {
        Reflect.deleteProperty(StorageManager.prototype, 'getDirectory');
        Reflect.deleteProperty(globalThis, 'caches');
      });
      expect((await keep()).error).toMatchObject({ code: 'unsupported' });
    });
  });

  test('two tabs that want a file at once fetch it once', async () => {
    const other = await open();
    const found = await Promise.all([keep(), keep(url, {}, other)]);
    expect(found.map(({ sha256 }) => sha256)).toEqual([large.sha256, large.sha256]);
    expect(server.requests).toHaveLength(4);
  });

  test('of a folder, files are kept, and that others are not there', async () => {
    const paths = ['unet/config.json', 'unet/weights.fp16.bin', 'unet/weights.bin'];
    server.files.set('/model/unet/config.json', small).set('/model/unet/weights.bin', large);
    const sizes = [100_000, undefined, large.bytes.length];
    const folder = `${server.origin}/model/`;
    expect(await entryOf('keepFolder', page, folder, paths)).toEqual(sizes);
    const later = await laterWithoutNetwork();
    expect(await entryOf('keepFolder', later, folder, paths)).toEqual(sizes);
    expect((await list()).map(({ name }) => name)).toEqual([
      `${folder}unet/config.json`,
      `${folder}unet/weights.bin`,
    ]);
  });

  test('sources of your own are told apart by their fingerprints', async () => {
    const texts = ['a', 'b', 'b'];
    const found: Kept[] = [];
    for (const text of texts) found.push(await entryOf('keepText', page, text, 'same.txt'));
    expect(new Set(found.map(({ sha256 }) => sha256)).size).toBe(2);
    expect(await list()).toMatchObject([{ name: 'same.txt', size: 1, complete: true }]);
  });

  test('names from strangers are only text', async () => {
    const path = `/../..%2f..%2fetc/${encodeURIComponent('a b?\u0000"<é>.ckpt')}`;
    server.files.set(decodeURIComponent(new URL(path, server.origin).pathname), small);
    const query = `${server.origin}${path}?token=secret`;
    expect((await keep(query)).sha256).toBe(small.sha256);
    expect((await keep(query, {}, await laterWithoutNetwork())).sha256).toBe(small.sha256);
    const names = (await list()).map(({ name }) => name);
    expect(names).toEqual([`${new URL(query).origin}${new URL(query).pathname}`]);
  });

  test('an empty file is kept too', async () => {
    server.files.set('/empty', { bytes: new Uint8Array(), etag: '"0"' });
    const empty = `${server.origin}/empty`;
    expect((await keep(empty)).size).toBe(0);
    expect((await keep(empty, {}, await laterWithoutNetwork())).size).toBe(0);
  });

  test('some are removed, and those that are open are fetched again', async () => {
    await keep();
    await keep(`${server.origin}/small.json`);
    expect(await entryOf('clear', page, '.json')).toEqual({ files: 1, bytes: 100_000 });
    expect((await list()).map(({ name }) => name)).toEqual([url]);
    expect(await entryOf('readAfterClearing', page, url)).toEqual([...large.bytes.slice(9e6, 9e6 + 4)]);
  });

  test('what the store holds of others does no harm', async () => {
    await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const ours = await root.getDirectoryHandle('animatediff-js', { create: true });
      const folder = await ours.getDirectoryHandle('0000', { create: true });
      const file = await (await folder.getFileHandle('facts.json', { create: true })).createWritable();
      await file.write('{"name": 3');
      await file.close();
      const stray = await (await ours.getFileHandle('stray', { create: true })).createWritable();
      await stray.close();
    });
    expect(await list()).toEqual([]);
    expect(await entryOf('clear', page)).toEqual({ files: 0, bytes: 0 });
  });
});
