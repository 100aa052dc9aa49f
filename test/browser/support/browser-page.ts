import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type ServedFolder, serveBundle } from './serve-bundle.js';

/** Where a Chromium is looked for. */
export const chromiumPath: string | undefined = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync);

/** Starts a Chromium whose WebGPU runs on SwiftShader. */
export function launchChromium(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--enable-features=Vulkan',
      ...more,
    ],
  });
}

/** What a page under test is made of. */
export interface BrowserPageOptions {
  /** Entry files below `test/browser/pages`, without `.ts`; each becomes `/NAME.js`. The page imports the first. */
  readonly entries: readonly [string, ...string[]];
  /** Further folders to serve, by the first part of their path. */
  readonly folders?: readonly ServedFolder[] | undefined;
  /** Content-Security-Policy of the page. */
  readonly csp?: string | undefined;
  /** Whether the page may use threads and shared memory. Default true. */
  readonly isolated?: boolean | undefined;
}

/** A page in a real Chromium, with WebGPU on SwiftShader. */
export interface BrowserPage {
  readonly page: Page;
  readonly browser: Browser;
  /** Such as `http://localhost:1234`. */
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Builds the entries, serves them, and opens a page whose `window.entry` has what the first entry exports. Errors and
 * rejections that nobody handles end up in the test's output.
 */
export async function openBrowserPage(options: BrowserPageOptions): Promise<BrowserPage> {
  const server = await serveBundle(options);
  const browser = await launchChromium(['--js-flags=--expose-gc', '--enable-precise-memory-info']);
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`page: ${message.text()}`);
  });
  await page.goto(`${server.origin}/`, { waitUntil: 'load' });
  return {
    page,
    browser,
    origin: server.origin,
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}
