import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ByteSource, FolderSource } from '../../src/core/source.js';
import { urlFileSource } from '../../src/core/url-file-source.js';
import { urlFolderSource, urlSource } from '../../src/core/url-source.js';

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let base: string;
let handler: Handler;
let requests: IncomingMessage[];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  requests = [];
  handler = ranges();
});

/** A server as they should be: ranges, a strong ETag, If-Range. */
function ranges(etag: () => string = () => '"v1"', bytes: Uint8Array = content): Handler {
  return (request, response) => {
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const stale = request.headers['if-range'] !== undefined && request.headers['if-range'] !== etag();
    response.setHeader('etag', etag());
    if (match === null || stale) return void response.end(bytes);
    const [begin, end] = [Number(match[1]), Math.min(Number(match[2]) + 1, bytes.byteLength)];
    if (begin >= bytes.byteLength) {
      return void response.writeHead(416, { 'content-range': `bytes */${bytes.byteLength}` }).end();
    }
    response.writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${bytes.byteLength}` });
    response.end(bytes.subarray(begin, end));
  };
}

const file = (path = '/weights.safetensors') => urlSource(base + path) as ByteSource;

describe('a server with ranges', () => {
  test('sends only what is asked for', async () => {
    const source = file();
    expect(await source.size()).toBe(300_000);
    expect(await source.read(200_000, 1000)).toEqual(content.slice(200_000, 201_000));
    expect(requests.map((request) => request.headers.range)).toEqual([
      'bytes=0-65535',
      'bytes=200000-200999',
    ]);
  });

  test('the first bytes come with the first request', async () => {
    const source = file();
    expect(await source.read(0, 8)).toEqual(content.slice(0, 8));
    expect(await source.read(8, 5000)).toEqual(content.slice(8, 5008));
    expect(requests).toHaveLength(1);
  });

  test('many reads at once share the first request', async () => {
    const source = file();
    const reads = await Promise.all([1, 2, 3].map((i) => source.read(i * 70_000, 10)));
    expect(reads).toEqual([1, 2, 3].map((i) => content.slice(i * 70_000, i * 70_000 + 10)));
    expect(requests).toHaveLength(4);
  });

  test('cancelling one of them does not fail the others', async () => {
    const source = file();
    const controller = new AbortController();
    const cancelled = source.size({ signal: controller.signal });
    const other = source.size();
    controller.abort(new Error('enough'));
    await expect(cancelled).rejects.toThrow('enough');
    expect(await other).toBe(300_000);
  });

  test('headers are sent with every request; the name hides the query', async () => {
    const headers = { authorization: 'Bearer secret' };
    const source = urlSource(`${base}/w.ckpt?token=secret`, { headers }) as ByteSource;
    await source.read(100_000, 10);
    expect(requests.map((request) => request.headers.authorization)).toEqual([
      'Bearer secret',
      'Bearer secret',
    ]);
    expect(source.name).toBe(`${base}/w.ckpt`);
  });

  test('the fingerprint needs a strong ETag, and hides the query', async () => {
    const print = await file('/a?token=secret').fingerprint();
    expect(print).toMatch(/^url:[0-9a-f]{64}:"v1":300000$/);
    handler = ranges(() => 'W/"v1"');
    expect(await file('/a').fingerprint()).toBeUndefined();
  });

  test('an empty file has size 0', async () => {
    handler = ranges(undefined, new Uint8Array(0));
    expect(await file().size()).toBe(0);
  });

  test('reads beyond the end are refused', async () => {
    await expect(file().read(299_999, 2)).rejects.toMatchObject({ code: 'weights-format' });
  });

  test('one that hides Content-Range is asked for the size by HEAD', async () => {
    handler = (request, response) => {
      response.setHeader('etag', '"v1"');
      if (request.method === 'HEAD') return void response.setHeader('content-length', 300_000).end();
      const [begin, end] = request.headers.range!.match(/\d+/g)!.map(Number) as [number, number];
      response.writeHead(206).end(content.subarray(begin, end + 1));
    };
    const source = file();
    expect(await source.read(100_000, 10)).toEqual(content.slice(100_000, 100_010));
  });
});

describe('a file that changes between requests', () => {
  test.each([
    ['honours If-Range', (etag: () => string) => ranges(etag)],
    [
      'ignores If-Range',
      (etag: () => string): Handler =>
        (request, response) => {
          delete request.headers['if-range'];
          ranges(etag)(request, response);
        },
    ],
  ])('is an error where the server %s', async (_, make) => {
    let version = 1;
    handler = make(() => `"v${version}"`);
    const source = file();
    await source.size();
    version = 2;
    await expect(source.read(100_000, 10)).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringContaining('changed on the server'),
    });
    await source.close();
    await expect(source.read(0, 10)).rejects.toMatchObject({ code: 'weights-format' });
  });
});

describe('a server without ranges', () => {
  test('sends a small file whole, once', async () => {
    handler = (_, response) => response.end(content);
    const source = file();
    expect(await source.read(200_000, 10)).toEqual(content.slice(200_000, 200_010));
    expect(await source.read(0, 10)).toEqual(content.slice(0, 10));
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['declares', { 'content-length': String(5 * 2 ** 30) }],
    ['does not declare', {}],
  ])('is refused for a large file whose size it %s', async (_, headers: Record<string, string>) => {
    handler = (_request, response) => {
      response.writeHead(200, headers);
      const pump = () => {
        while (!response.destroyed && response.write(new Uint8Array(2 ** 20)));
        response.once('drain', pump);
      };
      pump();
    };
    await expect(file().size()).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('ranges'),
    });
  });
});

describe('failures', () => {
  test.each([404, 401, 403, 410])('a %i is an error at once, with its status', async (status) => {
    handler = (_, response) =>
      response.writeHead(status, { 'content-type': 'text/html' }).end('<html>no</html>');
    await expect(file().size()).rejects.toMatchObject({
      code: 'invalid-options',
      details: { status },
      message: expect.stringContaining(`${base}/weights.safetensors: the server answered ${status}`),
    });
    expect(requests).toHaveLength(1);
  });

  test('a web page instead of the file is told', async () => {
    handler = (_, response) =>
      response.setHeader('content-type', 'text/html; charset=utf-8').end('<!doctype html>');
    await expect(file().size()).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringContaining('web page'),
    });
  });

  test('busy and broken servers are asked again', async () => {
    const statuses = [503, 429];
    handler = (request, response) => {
      const status = statuses.pop();
      if (status !== undefined) response.writeHead(status).end();
      else ranges()(request, response);
    };
    expect(await file().size()).toBe(300_000);
    expect(requests).toHaveLength(3);
  });

  test('after four attempts it gives up', async () => {
    handler = (_, response) => response.writeHead(500).end();
    await expect(file().size()).rejects.toMatchObject({
      code: 'weights-format',
      message: expect.stringContaining('the server answered 500'),
    });
    expect(requests).toHaveLength(4);
  });

  test('a cut connection is taken up again where it broke', async () => {
    let cut = true;
    handler = (request, response) => {
      if (request.headers.range === 'bytes=0-65535' || !cut) return ranges()(request, response);
      cut = false;
      response.writeHead(206, {
        etag: '"v1"',
        'content-range': 'bytes 100000-199999/300000',
        'content-length': '100000',
      });
      response.write(content.subarray(100_000, 130_000), () => setTimeout(() => response.destroy(), 50));
    };
    expect(await file().read(100_000, 100_000)).toEqual(content.slice(100_000, 200_000));
    expect(requests.at(-1)?.headers.range).toMatch(/^bytes=1[0-3]\d{4}-199999$/);
  });

  test('nobody there', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/x`;
    await new Promise((resolve) => closed.close(resolve));
    await expect(urlFileSource(url).size()).rejects.toMatchObject({ code: 'weights-format' });
  });

  test('cancelling ends a wait for the server, also when fetch does not heed the signal', async () => {
    for (const fetch of [undefined, () => new Promise<Response>(() => {})]) {
      handler = () => {};
      const controller = new AbortController();
      const size = urlFileSource(`${base}/x`, { fetch }).size({ signal: controller.signal });
      setTimeout(() => controller.abort(new Error('enough')), 30);
      await expect(size).rejects.toThrow('enough');
    }
    server.closeAllConnections();
  });

  test('what is no URL is refused at once', () => {
    expect(() => urlSource('weights.safetensors')).toThrowError(
      expect.objectContaining({ code: 'invalid-options' }),
    );
  });
});

describe('a folder', () => {
  const folder = () => urlSource(`${base}/model/?token=secret`) as FolderSource;

  test('is what a URL ending in a slash means; its files keep the query', async () => {
    const config = await folder().file('unet/my config.json');
    expect(await config?.read(0, 4)).toEqual(content.slice(0, 4));
    expect(requests[0]?.url).toBe('/model/unet/my%20config.json?token=secret');
    expect(config?.name).toBe(`${base}/model/unet/my config.json`);
  });

  test('has no file where the server answers 404, or a web page', async () => {
    handler = (_, response) => response.writeHead(404).end();
    expect(await folder().file('unet/config.json')).toBeUndefined();
    handler = (_, response) => response.setHeader('content-type', 'text/html').end('<html>');
    expect(await folder().file('unet/config.json')).toBeUndefined();
  });

  test('other failures are failures', async () => {
    handler = (_, response) => response.writeHead(403).end();
    await expect(folder().file('unet/config.json')).rejects.toMatchObject({ details: { status: 403 } });
  });

  test('refuses paths that leave it', async () => {
    await expect(urlFolderSource(base).file('../x')).rejects.toMatchObject({ code: 'invalid-options' });
  });
});
