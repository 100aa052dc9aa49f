import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath } from './support/browser-page.js';
import { openWebPage } from './support/web-page.js';

/** What the page may weigh before anything is made, in bytes. */
const pageCeiling = 120_000;
/** And with all that a first animation brings: the worker and what runs in it. */
const runCeiling = 190_000;

describe.skipIf(chromiumPath === undefined)('scripts and styles of the example page, gzipped', () => {
  let [ofPage, ofRun] = [0, 0];

  beforeAll(async () => {
    const site = await openWebPage();
    try {
      const { page } = await site.visit();
      const paths = new Set<string>();
      page.context().on('request', (request) => paths.add(new URL(request.url()).pathname));
      await page.reload({ waitUntil: 'networkidle' });
      const weigh = async (label: string): Promise<number> => {
        const own = [...paths].filter((path) => /\.(js|css)$/.test(path) && !isRuntime(path));
        const sizes = await Promise.all(
          own.map(async (path) => [path, await gzipped(site.origin + path)] as const),
        );
        const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
        const list = sizes.sort(([, one], [, other]) => other - one).map(([path, size]) => `${size} ${path}`);
        console.log(`${label}: ${bytes} bytes gzipped\n${list.join('\n')}`);
        return bytes;
      };
      ofPage = await weigh('example page');
      await run(page);
      ofRun = await weigh('example page and a first animation');
    } finally {
      await site.close();
    }
  }, 300_000);

  test('are light before anything is made', () => {
    expect(ofPage).toBeGreaterThan(10_000);
    expect(ofPage).toBeLessThan(pageCeiling);
  });

  test('stay below their ceiling with the worker and all that an animation needs', () => {
    expect(ofRun).toBeGreaterThan(ofPage);
    expect(ofRun).toBeLessThan(runCeiling);
  });
});

/** Whether a file is ONNX Runtime's own. */
function isRuntime(path: string): boolean {
  return /\/ort[.-][^/]*$/.test(path);
}

async function gzipped(url: string): Promise<number> {
  return gzipSync(new Uint8Array(await (await fetch(url)).arrayBuffer())).byteLength;
}

/** A small generation with the built-in model. */
async function run(page: Page): Promise<void> {
  await page.locator('[name="numFrames"]').fill('2');
  await page.locator('[name="steps"]').fill('2');
  await page.getByRole('radio', { name: 'WebAssembly' }).check();
  await page.getByRole('button', { name: 'Generate' }).click();
  const status = page.locator('#status');
  await status.filter({ hasText: /^\d+ frames? in / }).waitFor({ timeout: 240_000 });
}
