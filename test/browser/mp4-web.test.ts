import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as Entry from './pages/mp4.js';
import { type BrowserPage, chromiumPath, openBrowserPage } from './support/browser-page.js';

describe.skipIf(chromiumPath === undefined)('MP4 by WebCodecs', () => {
  let browser: BrowserPage;
  beforeAll(async () => {
    browser = await openBrowserPage({ entries: ['mp4'] });
    await ready(browser.page);
  }, 120_000);
  afterAll(() => browser?.close());

  const ready = async (page: Page): Promise<void> => {
    await page.waitForFunction(() => 'entry' in globalThis);
  };
  const decode = (...given: Parameters<typeof Entry.encodeAndDecode>): Promise<Entry.Decoded> =>
    browser.page.evaluate(
      (args) => (globalThis as unknown as { entry: typeof Entry }).entry.encodeAndDecode(...args),
      given,
    );
  const failure = (
    page: Page,
    ...given: Parameters<typeof Entry.failureOfFlat>
  ): ReturnType<typeof Entry.failureOfFlat> =>
    page.evaluate(
      (args) => (globalThis as unknown as { entry: typeof Entry }).entry.failureOfFlat(...args),
      given,
    );

  const colours = [
    [200, 40, 30, 255],
    [20, 180, 60, 255],
    [30, 60, 220, 255],
    [128, 128, 128, 255],
  ];

  test.each<[Entry.Decoded['codec'], number]>([
    ['avc', 8],
    ['vp9', 12],
    ['av1', 30],
  ])('%s at %i frames a second: each frame at its time, in its colour', async (codec, fps) => {
    const options = codec === 'avc' ? { fps } : { fps, codec: codec as 'vp9' | 'av1' };
    const found = await decode(colours, [96, 64], options);
    expect(found).toMatchObject({ codec, width: 96, height: 64 });
    found.timestamps.forEach((time, index) => {
      expect(time).toBeCloseTo(index / fps, 5);
    });
    expect(found.duration).toBeCloseTo(colours.length / fps, 5);
    expect(found.firstPixels).toHaveLength(colours.length);
    found.firstPixels.forEach((pixel, index) => {
      pixel.forEach((value, channel) => {
        expect(Math.abs(value - colours[index]![channel]!)).toBeLessThanOrEqual(6);
      });
    });
  });

  test('odd sides grow by a pixel', async () => {
    expect(await decode(colours, [47, 31], {})).toMatchObject({ width: 48, height: 32 });
  });

  test('one frame, and see-through ones', async () => {
    const found = await decode([[200, 40, 30, 0]], [64, 64], {});
    expect(found.timestamps).toEqual([0]);
    expect(Math.abs(found.firstPixels[0]![0]! - 200)).toBeLessThanOrEqual(6);
  });

  test('the index comes before the pictures', async () => {
    const { boxes } = await decode(colours, [64, 64], {});
    expect(boxes.slice(4, 8)).toBe('ftyp');
    expect(boxes.indexOf('moov')).toBeGreaterThan(0);
    expect(boxes.indexOf('moov')).toBeLessThan(boxes.indexOf('mdat'));
  });

  test('a video element plays as many frames as were written', async () => {
    const played = await browser.page.evaluate(() =>
      (globalThis as unknown as { entry: typeof Entry }).entry.playedFrames(10, 8),
    );
    expect(played.frames).toBe(10);
    expect(played.duration).toBeCloseTo(10 / 8, 3);
  });

  test('cancelled, it rejects with the reason', async () => {
    expect(await failure(browser.page, 5, { abortAt: 2 })).toEqual({ code: 'other', message: 'enough' });
  });

  test('wrong options are refused', async () => {
    expect(await failure(browser.page, 1, { codec: 'hevc' as 'avc' })).toMatchObject({
      code: 'invalid-options',
    });
    expect(await failure(browser.page, 0, {})).toMatchObject({ code: 'invalid-options' });
  });

  describe('in a browser without', () => {
    async function failureWithout(before: () => void): Promise<{ code: string; message: string }> {
      const context: BrowserContext = await browser.browser.newContext();
      try {
        await context.addInitScript(before);
        const page = await context.newPage();
        await page.goto(`${browser.origin}/`);
        await ready(page);
        return await failure(page, 2, {});
      } finally {
        await context.close();
      }
    }

    test('WebCodecs, the error names what works', async () => {
      expect(await failureWithout(() => Reflect.deleteProperty(globalThis, 'VideoEncoder'))).toEqual({
        code: 'unsupported',
        message: expect.stringMatching(/no WebCodecs.*\.webp, \.gif or \.apng/),
      });
    });

    test('any of the encoders, too', async () => {
      const found = await failureWithout(() => {
        VideoEncoder.isConfigSupported = async (config) => ({ supported: false, config });
      });
      expect(found).toEqual({
        code: 'unsupported',
        message: expect.stringMatching(/avc, vp9, av1 for 64×64/),
      });
    });
  });
});
