import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { workerPipeline } from '../../src/pipeline/remote/worker-pipeline.js';
import { workerStarter } from '../support/start-worker.js';
import { tinyModel } from '../support/tiny-model.js';
import { small } from './stream-events.js';

const start = workerStarter('pipeline-worker');
// The image model alone: loaded in a moment.
const { checkpoint } = tinyModel();
const single = { ...small, numFrames: 1 };

/** A worker, and its exit. */
function started(): { readonly worker: Worker; readonly exit: Promise<unknown> } {
  const worker = start();
  return { worker, exit: once(worker, 'exit') };
}

test('disposing ends the worker, once, and what is asked afterwards is refused', async () => {
  const { worker, exit } = started();
  const pipeline = await workerPipeline(worker, { checkpoint });
  const stream = pipeline.stream(single);
  await stream.next();
  await Promise.all([pipeline.dispose(), pipeline.dispose()]);
  await exit;
  await expect(stream.next()).rejects.toMatchObject({ code: 'disposed' });
  await expect(pipeline.generate(single)).rejects.toMatchObject({ code: 'disposed' });
  await expect(pipeline.plan()).rejects.toMatchObject({ code: 'disposed' });
});

test('a worker that ended by itself fails all calls with a typed error, and can be disposed', async () => {
  const { worker } = started();
  const pipeline = await workerPipeline(worker, { checkpoint });
  const stream = pipeline.stream(single);
  await stream.next();
  await worker.terminate();
  await expect(stream.next()).rejects.toMatchObject({ code: 'backend', message: /the worker ended/ });
  await expect(pipeline.generate(single)).rejects.toMatchObject({ code: 'backend' });
  await pipeline.dispose();
});

test('a load that fails, or is aborted, ends the worker', async () => {
  const failing = started();
  const attempt = workerPipeline(failing.worker, { checkpoint, scheduler: 'no such sampler' });
  await expect(attempt).rejects.toMatchObject({ code: 'unsupported' });
  await failing.exit;
  const aborted = started();
  const controller = new AbortController();
  const stopped = workerPipeline(aborted.worker, {
    checkpoint,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  });
  await expect(stopped).rejects.toThrow('enough');
  await aborted.exit;
});

test('a worker whose file fails is told by its own words', async () => {
  const failing = new Worker('throw new TypeError("no such thing")', { eval: true });
  await expect(workerPipeline(failing, { checkpoint })).rejects.toMatchObject({
    code: 'backend',
    message: /no such thing/,
  });
});
