import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BrowserContext, BrowserContextOptions, Page, Route } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { launchChromium } from './browser-page.js';

const root = resolve(import.meta.dirname, '../../..');
const configFile = join(root, 'examples/web/vite.config.ts');

/** Where screenshots go; git knows nothing of it. */
const shots = join(root, 'test-results/web');

/** `examples/web`, built as for publication and served with its headers. */
export interface WebPage {
  readonly origin: string;
  /** A visitor with a store of their own. Complaints collect what the page's console and its policy say. */
  visit(options?: VisitOptions): Promise<Visit>;
  close(): Promise<void>;
}

/** How a visitor comes. */
export interface VisitOptions extends BrowserContextOptions {
  /** Whether the worker's newest graphics device is kept as its `globalThis.device`, to be destroyed. Default false. */
  readonly losableDevice?: boolean | undefined;
}

/** One visitor's page. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors that nobody handled, and what broke the policy. */
  readonly complaints: readonly string[];
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function openWebPage(): Promise<WebPage> {
  const outDir = mkdtempSync(join(tmpdir(), 'animatediff-web-'));
  await build({ configFile, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  const server: PreviewServer = await preview({
    configFile,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, host: 'localhost', open: false },
  });
  const browser = await launchChromium();
  const origin = new URL(server.resolvedUrls!.local[0]!).origin;
  mkdirSync(shots, { recursive: true });

  return {
    origin,
    async visit({ losableDevice = false, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
      const page = await context.newPage();
      if (losableDevice) await page.route(/\/worker-[^/]*\.js$/, keepDevice);
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      await page.goto(`${origin}/`);
      return {
        page,
        context,
        complaints,
        screenshot: async (name) => {
          await page.evaluate(() => scrollTo(0, 0));
          await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
        },
        close: () => context.close(),
      };
    },
    async close() {
      await browser.close();
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}

/** Serves the worker's script with something in front of it. */
async function keepDevice(route: Route): Promise<void> {
  const response = await route.fetch();
  const prelude = `{
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...options) {
      return (globalThis.device = await requestDevice.apply(this, options));
    };
  }`;
  await route.fulfill({ response, body: `${prelude}\n${await response.text()}` });
}
