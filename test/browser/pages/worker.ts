import { type AnimateDiffError, AnimateDiffPipeline, type GenerateOptions, urlSource } from 'animatediff-js';
import { backendConformance } from 'animatediff-js/testing';
import { ortWeb, type WorkerPipeline, workerBackend, workerPipeline } from 'animatediff-js/web';

let pipeline: WorkerPipeline;
let worker: Worker;

function startWorker(name: string): Worker {
  worker = new Worker(`/${name}.js`, { type: 'module' });
  return worker;
}

const model = {
  checkpoint: urlSource('/tiny/model/'),
  motionModule: urlSource('/tiny/motion/v2.ckpt'),
};

/** Loads the tiny model in a worker, or only its image model, which takes a moment. */
export async function load(part: 'all' | 'image' = 'all'): Promise<void> {
  const start = () => startWorker('pipeline-in-worker');
  const { checkpoint } = model;
  pipeline = await workerPipeline(start, {
    backend: { device: 'wasm' },
    ...(part === 'all' ? model : { checkpoint }),
  });
}

export async function generate(options: GenerateOptions): Promise<number[][]> {
  const { frames } = await pipeline.generate(options as Parameters<WorkerPipeline['generate']>[0]);
  return frames.map(({ data }) => [...data]);
}

/** The same on the page itself. */
export async function generateHere(options: GenerateOptions): Promise<number[][]> {
  const direct = await AnimateDiffPipeline.load({ backend: ortWeb({ device: 'wasm' }), ...model });
  const { frames } = await direct.generate(options);
  await direct.dispose();
  return frames.map(({ data }) => [...data]);
}

/** Aborts a generation while its first steps are computed; tells how long the rejection took in milliseconds. */
export async function cancelled(
  options: GenerateOptions,
): Promise<{ reason: boolean; milliseconds: number }> {
  const controller = new AbortController();
  const stream = pipeline.stream({ ...(options as object), prompt: '', signal: controller.signal });
  while ((await stream.next()).value?.type !== 'step-end');
  const pending = stream.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const reason = new Error('enough');
  const start = performance.now();
  controller.abort(reason);
  const thrown: unknown = await pending.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { reason: thrown === reason, milliseconds: performance.now() - start };
}

export function dispose(): Promise<void> {
  return pipeline.dispose();
}

/** Ends the worker behind the pipeline's back while it works; tells what the generation rejects with. */
export async function endBehind(options: GenerateOptions): Promise<{ code: string; message: string }> {
  const attempt = generate(options);
  setTimeout(() => worker.terminate(), 50);
  const { code, message } = await attempt.then(
    () => ({ code: 'none', message: '' }),
    (error: AnimateDiffError) => error,
  );
  return { code, message };
}

/** What loading from a worker's file that is not there, or does not serve, rejects with. */
export async function loadFailure(name: string): Promise<{ code: string; message: string }> {
  try {
    await workerPipeline(() => startWorker(name), model);
  } catch (error) {
    const { code, message } = error as AnimateDiffError;
    return { code, message };
  }
  return { code: 'none', message: '' };
}

/** The longest task of this thread over 50 ms, and the longest wait for a turn, while something is done; in milliseconds. */
export async function watched(
  options: GenerateOptions,
): Promise<{ longTasks: number[]; longestWait: number }> {
  const longTasks: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  });
  observer.observe({ type: 'longtask' });
  let longestWait = 0;
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longestWait = Math.max(longestWait, now - before);
    before = now;
  }, 4);
  await pipeline.generate(options as Parameters<WorkerPipeline['generate']>[0]);
  clearInterval(timer);
  // Entries are delivered a turn later.
  await new Promise((resolve) => setTimeout(resolve, 100));
  observer.disconnect();
  return { longTasks, longestWait };
}

/** Bytes of this page's own heap after a collection; what its workers held is gone with them. */
export async function memory(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  // What was just let go of may hold on to something until the next collection.
  for (let turn = 0; turn < 5; turn++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { memory } = performance as Performance & { readonly memory: { readonly usedJSHeapSize: number } };
    least = Math.min(least, memory.usedJSHeapSize);
  }
  return least;
}

/** Runs one case of the backend's conformance suite against a backend in a worker. */
export async function conform(name: string): Promise<void> {
  const cases = backendConformance(() => workerBackend(() => startWorker('backend-in-worker')));
  await cases.find((each) => each.name === name)!.run();
}
