import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeGif } from '../../src/media/gif.js';
import { writeMp4 } from '../../src/media/mp4-node.js';
import { encodePng } from '../../src/media/png.js';
import type * as Media from '../../src/media.js';
import { chromiumPath as executablePath } from '../browser/support/browser-page.js';
import { ffmpegMissing } from '../support/ffmpeg.js';
import { flatFrames, paint } from './sample-frames.js';

const html = `<!doctype html><title>page</title><script type="module">
  import * as media from './media.js';
  window.media = media;
  window.blobOf = (base64, type) => new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type });
</script>`;
const folder = mkdtempSync(join(tmpdir(), 'web-frames-'));
let browser: Browser | undefined;
let page: Page;

beforeAll(async () => {
  if (executablePath === undefined) return;
  const { outputFiles } = await build({
    entryPoints: [resolve(import.meta.dirname, '../../src/media.ts')],
    bundle: true,
    splitting: true,
    format: 'esm',
    outdir: folder,
    write: false,
  });
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  page = await browser.newPage();
  await page.route('http://page.test/**', async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    const script = outputFiles.find(({ path }) => path === join(folder, name));
    await route.fulfill(
      script
        ? { contentType: 'text/javascript', body: script.text }
        : { contentType: 'text/html', body: html },
    );
  });
  await page.goto('http://page.test/', { waitUntil: 'load' });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});
beforeEach((context) => context.skip(executablePath === undefined, 'there is no Chromium'));

declare global {
  interface Window {
    media: typeof Media;
    blobOf(base64: string, type: string): Blob;
  }
}

/** Runs in the page, with the media door and a file at hand. */
function inPage<T>(work: (base64: string) => Promise<T>, bytes: Uint8Array = new Uint8Array(0)): Promise<T> {
  return page.evaluate(work, Buffer.from(bytes).toString('base64'));
}

describe('on a page', () => {
  const picture = paint(6, 4, (x, y) => [40 * x, 60 * y, 100, 255]);

  test('a file, an <img>, a bitmap, a canvas and ImageData give the same frame', async () => {
    const frames = await inPage(
      async (base64) => {
        const blob = window.blobOf(base64, 'image/png');
        const image = new Image();
        image.src = URL.createObjectURL(blob);
        await image.decode();
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        const context = canvas.getContext('2d')!;
        context.drawImage(image, 0, 0);
        const sources = [
          blob,
          image,
          await createImageBitmap(blob),
          canvas,
          context.getImageData(0, 0, 6, 4),
        ];
        const got = await window.media.framesOf(sources);
        return got.map(({ width, height, data }) => ({ width, height, data: [...data] }));
      },
      await encodePng(picture),
    );
    expect(frames).toEqual(
      Array.from({ length: 5 }, () => ({ width: 6, height: 4, data: [...picture.data] })),
    );
  });

  test('frames get the size that is asked for, and an animated GIF gives all of its', async () => {
    const sizes = await inPage(
      async (base64) => {
        const got = await window.media.framesOf(window.blobOf(base64, 'image/gif'), {
          width: 10,
          height: 8,
          maxFrames: 3,
        });
        return got.map(({ width, height }) => [width, height]);
      },
      await encodeGif(flatFrames(4)),
    );
    expect(sizes).toEqual(Array.from({ length: 3 }, () => [10, 8]));
  });

  test('what is no picture, is broken or too large is told', async () => {
    const told = await inPage(
      async (base64) => {
        const { framesOf } = window.media;
        const attempts = [
          framesOf(undefined as never),
          framesOf([new Image()]),
          framesOf(new Blob(['no picture'])),
          framesOf(window.blobOf(base64, 'image/png'), { maxPixels: 20 }),
          framesOf([], { maxFrame: 2 } as never),
        ];
        return Promise.all(attempts.map((attempt) => attempt.catch((error: Error) => error.message)));
      },
      await encodePng(picture),
    );
    expect(told).toEqual([
      'framesOf: picture 0 is undefined, not a picture',
      expect.stringMatching(/^picture 0 has no size: /),
      expect.stringMatching(/^picture 0 cannot be read: /),
      expect.stringMatching(/^picture 0: 6×4 pixels are more than maxPixels 20/),
      expect.stringMatching(/^framesOf: .*maxFrame/),
    ]);
  });

  test('a <video> gives frames at a rate, and stands where it stood', async (context) => {
    const path = join(folder, 'shades.mp4');
    const shades = Array.from({ length: 8 }, (_, i) => paint(32, 32, () => [30 * i, 30 * i, 30 * i, 255]));
    context.skip(ffmpegMissing, 'ffmpeg is not on the PATH');
    await writeMp4(path, shades, { fps: 8 });
    const result = await inPage(async (base64) => {
      const video = document.createElement('video');
      video.src = URL.createObjectURL(window.blobOf(base64, 'video/mp4'));
      const { framesFromVideo } = window.media;
      const whole = await framesFromVideo(video);
      const some = await framesFromVideo(video, { fps: 4, start: 0.5, numFrames: 9, width: 8 });
      const shade = ({ data }: { readonly data: Uint8ClampedArray }): number => Math.round(data[0]! / 30);
      return {
        whole: whole.map(shade),
        some: some.map(shade),
        sides: some[0]!.height,
        at: video.currentTime,
      };
    }, readFileSync(path));
    expect(result.whole).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    // In the middle between two frames it is the later one.
    expect(result.some).toEqual([5, 7]);
    expect([result.sides, result.at]).toEqual([8, 0]);
  });

  test('a <video> that cannot be played is told, and waiting for one can be stopped', async () => {
    const told = await inPage(async () => {
      const { framesFromVideo } = window.media;
      const broken = document.createElement('video');
      broken.src = URL.createObjectURL(new Blob(['no video']));
      const stop = new AbortController();
      const waiting = framesFromVideo(document.createElement('video'), { signal: stop.signal });
      stop.abort(new Error('enough'));
      return Promise.all(
        [framesFromVideo(broken), waiting].map((each) => each.catch((error: Error) => error.message)),
      );
    });
    expect(told).toEqual([expect.stringMatching(/^the video cannot be read: /), 'enough']);
  });
});
