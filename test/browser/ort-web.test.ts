import { AnimateDiffPipeline, float32Tensor } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import type { OrtWebOptions } from 'animatediff-js/web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../scripts/parity/check.js';
import { parityChecks } from '../../scripts/parity/checks.js';
import { openReference } from '../../scripts/parity/reference.js';
import { backendConformance } from '../../src/testing/backend-conformance.js';
import { addition, longProduct } from '../../src/testing/sample-networks.js';
import { fixture, tinyGeneration, tinyModel } from '../support/tiny-model.js';
import { type BrowserPage, chromiumPath, openBrowserPage } from './support/browser-page.js';
import { callPage, pageBackend } from './support/page-backend.js';
import { plain, plainArtifact, revivedTensor } from './support/plain-artifact.js';

// Chromium's WebGPU runs on the processor here, and compiles kernels for seconds.
const timeout = 600_000;

const devices = [
  ['wasm', 1e-4],
  ['webgpu', 1e-3],
] as const;

describe.skipIf(chromiumPath === undefined)('ortWeb in Chromium', () => {
  let opened: BrowserPage;

  beforeAll(async () => {
    opened = await openPage();
  }, timeout);

  afterAll(() => opened?.close());

  describe.each(devices)('on %s', (device, tolerance) => {
    describe('keeps the backend contract:', () => {
      for (const { name } of backendConformance(() => ortNode())) {
        test(name, { timeout }, () => callPage(opened.page, 'conform', { device }, name));
      }
    });

    test(`meets the tiny model's references to ${tolerance} of their standard deviation`, {
      timeout,
    }, async () => {
      const checks: Check[] = [];
      const backend = pageBackend(opened.page, { device });
      for await (const check of parityChecks(await openReference(fixture('tiny-sd15')), backend)) {
        checks.push(check);
        // Text, pictures and the first motion module; the rest is the same operators again.
        if (check.name.startsWith('unet.v2')) break;
      }
      await backend.dispose();
      console.log(`${device}: largest error ${Math.max(...checks.map(({ error }) => error))}`);
      expect(checks.filter(({ error }) => !(error <= tolerance))).toEqual([]);
      expect(checks.length).toBeGreaterThanOrEqual(8);
    });

    test('makes the picture that Node makes of the same seed', { timeout }, async () => {
      const pipeline = await AnimateDiffPipeline.load({ backend: ortNode(), ...tinyModel() });
      const expected = await pipeline.generate(tinyGeneration);
      await pipeline.dispose();
      const backend = await callPage(opened.page, 'open', { device });
      const { frames, progress } = await callPage(opened.page, 'generate', backend, tinyGeneration);
      await callPage(opened.page, 'dispose', backend);
      for (const [index, { data }] of expected.frames.entries()) {
        const difference = meanDifference(frames[index]!, data);
        console.log(`${device}: frame ${index} differs by ${difference} of 255 on average`);
        expect(difference).toBeLessThanOrEqual(1);
      }
      const warmedUp = progress.filter(({ phase }) => phase === 'warm-up').map(({ component }) => component);
      expect(warmedUp.includes('unet')).toBe(device === 'webgpu');
    });
  });

  test('names its device, its threads and its limits', { timeout }, async () => {
    const [wasm, webgpu] = await Promise.all(
      (['wasm', 'webgpu'] as const).map(async (device) =>
        pageBackend(opened.page, { device }).capabilities(),
      ),
    );
    expect(wasm).toMatchObject({ device: expect.stringMatching(/^wasm \(\d+ threads?\)$/), notes: [] });
    expect(webgpu!.device).toBe('webgpu (google swiftshader)');
    expect(webgpu!.maxBufferBytes).toBeGreaterThanOrEqual(128 * 2 ** 20);
  });

  test('refuses a network that is larger than its limits before it reads any of it', {
    timeout,
  }, async () => {
    const limits = { maxModelBytes: 2 ** 20 };
    const backend = await callPage(opened.page, 'open', { device: 'wasm', limits });
    expect(await callPage(opened.page, 'createLarge', backend, 2 ** 21)).toMatchObject({
      error: { code: 'out-of-memory', details: { maxModelBytes: 2 ** 20 } },
      reads: 0,
    });
  });

  // 3 and 16 GiB: beyond what a buffer holds, and beyond what 32 bits count.
  test.each([
    ['webgpu', 12288, 65536, false],
    ['webgpu', 12288, 65536, true],
    ['webgpu', 65536, 65536, false],
    ['wasm', 16384, 49152, false],
  ] as const)(
    'says on %s that memory is out, for %i times %i numbers (as a step on the way: %s), and computes on',
    { timeout },
    async (device, rows, columns, inside) => {
      const page = await openPage();
      const backend = await callPage(page.page, 'open', { device });
      expect(await callPage(page.page, 'outgrow', backend, rows, columns, inside)).toEqual({
        failure: expect.objectContaining({ code: 'out-of-memory' }),
        again: [6],
        anew: [6],
      });
      await page.close();
    },
  );

  test('says that a tensor is too large to be held, and computes on', { timeout }, async () => {
    const backend = await callPage(opened.page, 'open', {
      device: 'webgpu',
      limits: { maxBufferBytes: 1024 },
    });
    expect(await callPage(opened.page, 'holdLarge', backend, 1025)).toMatchObject({
      failure: { code: 'out-of-memory', details: { maxBufferBytes: 1024 } },
      again: 'held',
    });
    await callPage(opened.page, 'dispose', backend);
  });

  test.each(['wasm', 'webgpu'] as const)(
    'loads weights that go through Blobs onto %s',
    { timeout },
    async (device) => {
      const backend = await callPage(opened.page, 'open', { device });
      expect(await callPage(opened.page, 'createLarge', backend, 2 ** 26)).toEqual({ reads: 4, sum: 10 });
      await callPage(opened.page, 'dispose', backend);
    },
  );

  test('encodes text on webgpu although the table of tokens is larger than its buffers may be', {
    timeout,
  }, async () => {
    const encoded = async (options: OrtWebOptions): Promise<ArrayLike<number>> => {
      const backend = await callPage(opened.page, 'open', options);
      const { data } = revivedTensor(await callPage(opened.page, 'encodeText', backend));
      await callPage(opened.page, 'dispose', backend);
      return data as Float32Array;
    };
    const found = await encoded({ device: 'webgpu', limits: { maxBufferBytes: 128 * 2 ** 20 } });
    expect(found).toBeRelativelyCloseTo(await encoded({ device: 'wasm' }), 1e-4);
  });

  test('says on a page that is not cross-origin isolated why one thread computes', { timeout }, async () => {
    const page = await openPage(false);
    const { device, notes } = await pageBackend(page.page, { device: 'wasm' }).capabilities();
    await page.close();
    expect(device).toBe('wasm (1 thread)');
    expect(notes).toEqual([expect.stringContaining('Cross-Origin-Embedder-Policy')]);
  });

  test("says when the runtime's own files are missing where they were looked for", { timeout }, async () => {
    const page = await openPage();
    const wasmPaths = `${page.origin}/tiny-sd15/`;
    await expect(
      pageBackend(page.page, { device: 'wasm', wasmPaths }).createSession(addition()),
    ).rejects.toThrow(/files could not be loaded.*wasmPaths/);
    await page.close();
  });

  test('says where WebGPU is missing what to use', { timeout }, async () => {
    const page = await openPage();
    await page.page.evaluate(() => Object.defineProperty(navigator, 'gpu', { value: undefined }));
    await expect(pageBackend(page.page, { device: 'webgpu' }).capabilities()).rejects.toThrow(
      /WebGPU cannot be used.*ortWeb\(\{ device: 'wasm' \}\)/,
    );
    await page.close();
  });

  describe('when the graphics card is taken away', () => {
    let page: BrowserPage;
    let backend: number;

    beforeAll(async () => {
      page = await openPage();
      await callPage(page.page, 'catchDevices');
      backend = await callPage(page.page, 'open', { device: 'webgpu' });
    }, timeout);

    afterAll(() => page?.close());

    const row = { type: 'float32', shape: [1, 3], data: Float32Array.of(1, 2, 3) } as const;
    const rows = { a: plain(row), b: plain(row) };
    const lost = { code: 'backend', details: { reason: 'device-lost' } };

    test('refuses to run what was on it, and takes new networks', { timeout }, async () => {
      const network = await plainArtifact(addition());
      const session = await callPage(page.page, 'create', backend, network);
      expect(await callPage(page.page, 'loseDevices')).toBe(1);
      expect(await callPage(page.page, 'runFailure', session, rows)).toMatchObject(lost);
      const again = await callPage(page.page, 'create', backend, network);
      expect((await callPage(page.page, 'run', again, rows))['y']!.shape).toEqual([1, 3]);
      await callPage(page.page, 'dispose', session);
    });

    test('fails a run under way with the same error, and takes new networks', { timeout }, async () => {
      const session = await callPage(page.page, 'create', backend, await plainArtifact(longProduct(20, 512)));
      const zeros = (...shape: [number, number]) =>
        plain(float32Tensor(new Float32Array(shape[0] * shape[1]), shape));
      const feeds = { x: zeros(8, 512), w: zeros(512, 512) };
      const [failure] = await Promise.all([
        callPage(page.page, 'runFailure', session, feeds),
        callPage(page.page, 'loseDevices'),
      ]);
      expect(failure).toMatchObject(lost);
      const again = await callPage(page.page, 'create', backend, await plainArtifact(addition()));
      expect((await callPage(page.page, 'run', again, rows))['y']!.shape).toEqual([1, 3]);
    });

    test('a pipeline loads its networks again by itself', { timeout }, async () => {
      expect(await callPage(page.page, 'encodeAroundLoss', backend)).toEqual({
        lost: 'device-lost',
        same: true,
      });
    });
  });
});

function openPage(isolated = true): Promise<BrowserPage> {
  const folders = [{ name: 'tiny-sd15', path: fixture('tiny-sd15') }];
  return openBrowserPage({ entries: ['web-backend'], folders, isolated });
}

function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / b.length;
}
