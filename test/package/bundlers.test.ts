import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chromiumPath } from '../browser/support/browser-page.js';
import { type BuiltPage, importMap, plainPage, vitePage, webpackPage } from './support/build-page.js';
import { type ConsumerFolder, consumerFolder } from './support/consumer-folder.js';
import { serveFolders } from './support/serve-folders.js';

const fixtures = resolve(import.meta.dirname, '../fixtures');
const runtime = resolve(import.meta.dirname, '../../node_modules/onnxruntime-web/dist');

/** What the page's scripts offer the test. */
interface PageFunctions {
  animate(backend: object): Promise<{ frames: number[][]; violations: string[] }>;
  breakPolicy(): Promise<string[]>;
}

// Bundlers and WebAssembly on a busy machine are slow.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let consumer: ConsumerFolder;
let browser: Browser | undefined;

beforeAll(async () => {
  consumer = consumerFolder(join(fixtures, 'bundlers'));
  if (chromiumPath === undefined) return;
  browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox'],
  });
});

afterAll(async () => {
  await browser?.close();
  consumer?.remove();
});

const pages: readonly [string, (consumer: string) => BuiltPage | Promise<BuiltPage>][] = [
  ['built by Vite', vitePage],
  ['built by webpack', webpackPage],
  ['without a bundler', plainPage],
];

describe.each(pages)('a page %s', (_, build) => {
  let built: BuiltPage;

  beforeAll(async () => {
    built = await build(consumer.path);
  });

  test.skipIf(chromiumPath === undefined).each([
    ['one thread', { device: 'wasm', threads: 1 }, false],
    // Threads begin as the runtime's own file: see docs/browser.md.
    ['two threads', { device: 'wasm', threads: 2, wasmPaths: '/ort/' }, true],
  ])('makes an animation under a strict policy, with %s', async (_threads, backend, isolated) => {
    const { value, complaints } = await visit(built, isolated, (page) =>
      page.evaluate((options) => (globalThis as never as PageFunctions).animate(options), backend),
    );
    expect(complaints).toEqual([]);
    expect(value.violations).toEqual([]);
    expect(value.frames.map(({ length }) => length)).toEqual([64 * 64 * 4, 64 * 64 * 4]);
    expect(new Set(value.frames[0]).size).toBeGreaterThan(16);
  });

  test('has nothing that is for Node', ({ skip }) => {
    const { modules } = built;
    if (modules === undefined) return skip('nothing was bundled');
    const ours = modules.filter((id) => id.includes('/animatediff-js/dist/'));
    expect(ours.length).toBeGreaterThan(5);
    expect(modules.filter((id) => /onnxruntime-node|animatediff-js\/dist\/(node|cli)\b/.test(id))).toEqual(
      [],
    );
    expect(ours.filter((id) => namesNode(readFileSync(id.replace(/\?.*/, ''), 'utf8')))).toEqual([]);
  });
});

/** Whether a script imports a module of Node's. */
function namesNode(script: string): boolean {
  const names = [...script.matchAll(/(?:from|import\(?)\s*["']([^"']+)["']/g)].map(([, name]) => name!);
  return names.some((name) => name.startsWith('node:') || builtinModules.includes(name));
}

test.skipIf(chromiumPath === undefined)('the policy is one that breaks what breaks it', async () => {
  const { value } = await visit(plainPage(consumer.path), false, (page) =>
    page.evaluate(() => (globalThis as never as PageFunctions).breakPolicy()),
  );
  expect(value).toEqual([expect.stringMatching(/^script-src: eval/)]);
});

test('the documentation has the import map of a page without a bundler', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs/browser.md'), 'utf8');
  for (const name of Object.keys(importMap)) expect(text).toContain(`"${name}":`);
});

/** Serves a page under a strict policy, and asks it for something in a browser. */
async function visit<T>(
  { path, scriptSources = [] }: BuiltPage,
  isolated: boolean,
  work: (page: Page) => Promise<T>,
): Promise<{ readonly value: T; readonly complaints: readonly string[] }> {
  const scripts = ["'self'", "'wasm-unsafe-eval'", ...scriptSources].join(' ');
  const csp = `default-src 'none'; script-src ${scripts}; worker-src 'self'; connect-src 'self'; img-src 'self'; object-src 'none'`;
  const folders = { '/': path, '/tiny-sd15/': join(fixtures, 'tiny-sd15'), '/ort/': runtime };
  const site = await serveFolders({ folders, csp, isolated });
  const page = await browser!.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  try {
    await page.goto(site.origin);
    await page.waitForFunction(() => 'ready' in globalThis);
    return { value: await work(page), complaints };
  } finally {
    await page.close();
    await site.close();
  }
}
