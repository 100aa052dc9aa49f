import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backendConformance } from '../../src/testing/backend-conformance.js';
import { fixture } from '../support/tiny-model.js';
import { type BrowserPage, chromiumPath, openBrowserPage } from './support/browser-page.js';

const small = {
  prompt: 'a red circle on a black background',
  numFrames: 3,
  width: 32,
  height: 32,
  numInferenceSteps: 2,
  seed: 7,
};

/** A worker with a network in it takes more than this, in bytes. */
const smallestRuntime = 30e6;

/** Private memory of the page's process, its workers' included, in bytes. */
async function rendererMemory({ browser }: BrowserPage): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]);
  return sizes.reduce((sum, kilobytes) => sum + 1024 * Number(kilobytes ?? 0), 0);
}

type Entry = typeof import('./pages/worker.js');

describe.skipIf(chromiumPath === undefined)('in a dedicated worker of Chromium', { timeout: 300_000 }, () => {
  let opened: BrowserPage;

  /** Calls a function of the page's entry. */
  function call<K extends keyof Entry>(
    name: K,
    ...given: Parameters<Entry[K]>
  ): Promise<Awaited<ReturnType<Entry[K]>>> {
    return opened.page.evaluate(
      ([key, values]) =>
        (window as unknown as { entry: Record<string, (...all: unknown[]) => never> }).entry[key as string]!(
          ...(values as unknown[]),
        ),
      [name, given] as const,
    );
  }

  beforeAll(async () => {
    opened = await openBrowserPage({
      entries: ['worker', 'pipeline-in-worker', 'backend-in-worker'],
      folders: [{ name: 'tiny', path: fixture('tiny-sd15') }],
    });
  }, 120_000);

  afterAll(() => opened.close());

  test('gives its memory back when it is disposed, time after time', async () => {
    const turn = async () => {
      await call('load', 'image');
      await call('generate', { ...small, numFrames: 1 });
      const loaded = await rendererMemory(opened);
      await call('dispose');
      // The threads' memory is gone a moment after them.
      await expect
        .poll(() => rendererMemory(opened), { timeout: 20_000 })
        .toBeLessThan(loaded - smallestRuntime);
      return { heap: await call('memory'), process: await rendererMemory(opened) };
    };
    // The first brings code that stays.
    const start = await turn();
    const after = [await turn(), await turn(), await turn()];
    const megabytes = (key: 'heap' | 'process') =>
      [start, ...after].map((memory) => (memory[key] / 2 ** 20).toFixed(1)).join(', ');
    console.log(`MiB, first time and after: heap ${megabytes('heap')}; process ${megabytes('process')}`);
    for (const { heap } of after) expect(heap).toBeLessThan(1.1 * start.heap);
  });

  test('is cancelled at once while it computes, and runs again', async () => {
    await call('load');
    const { reason, milliseconds } = await call('cancelled', { ...small, numInferenceSteps: 50 });
    expect(reason).toBe(true);
    console.log(`cancelling took ${milliseconds.toFixed(1)} ms`);
    const first = await call('generate', small);
    expect(await call('generate', small)).toEqual(first);
  });

  test('leaves the page live: no task of its thread takes 50 ms', async () => {
    const large = { ...small, numFrames: 8, width: 64, height: 64, numInferenceSteps: 4 };
    const { longTasks, longestWait } = await call('watched', large);
    const longest = Math.max(0, ...longTasks);
    console.log(
      `main thread: longest task ${longest || 'below 50'} ms, longest wait ${longestWait.toFixed(1)} ms`,
    );
    expect(longest).toBeLessThan(50);
  });

  test('makes the frames that a pipeline on the page makes, to the bit', async () => {
    expect(await call('generate', small)).toEqual(await call('generateHere', small));
  });

  test('tells when the worker is ended behind its back', async () => {
    const { code, message } = await call('endBehind', { ...small, numInferenceSteps: 50 });
    expect(code).toBe('backend');
    expect(message).toContain('the worker ended');
    await call('dispose');
  });

  test('tells when the worker’s file is not there, or serves something else', async () => {
    expect((await call('loadFailure', 'nowhere')).code).toBe('backend');
    const other = await call('loadFailure', 'backend-in-worker');
    expect(other.code).toBe('invalid-options');
    expect(other.message).toContain('servePipeline');
  });

  test.each(backendConformance(() => undefined as never).map(({ name }) => name))(
    'workerBackend keeps the backend contract: %s',
    (name) => call('conform', name),
  );
});
