import type { Backend, ModelArtifact, Session } from '../backends/backend.js';
import { AnimateDiffError } from '../core/errors.js';
import type { LoadProgress } from '../core/progress.js';
import { float32Tensor } from '../core/tensor.js';
import { dialectCases } from './backend-dialect-cases.js';
import { heldCases } from './backend-held-cases.js';
import { type ConformanceCase, check, checkClose, checkCode, rejection } from './conformance.js';
import { addition, longProduct, lookup, weightedSum } from './sample-networks.js';

/** Makes the backend under test. Each case makes its own and disposes it. */
export type MakeBackend = () => Backend | Promise<Backend>;

type Body = (backend: Backend) => Promise<void>;

/**
 * The behaviours of the `backend/1` contract, as cases for any test framework:
 *
 * ```ts
 * for (const { name, run } of backendConformance(() => myBackend())) test(name, run);
 * ```
 */
export function backendConformance(makeBackend: MakeBackend): ConformanceCase[] {
  const all = { ...running, ...weights, ...aborting, ...ending, ...failing, ...heldCases, ...dialectCases };
  return Object.entries(all).map(([name, body]) => ({ name, run: () => withBackend(makeBackend, body) }));
}

async function withBackend(makeBackend: MakeBackend, body: Body): Promise<void> {
  const backend = await makeBackend();
  try {
    await body(backend);
  } finally {
    await backend.dispose();
  }
}

const running: Record<string, Body> = {
  'runs a network': async (backend) => {
    const session = await backend.createSession(addition());
    const { y } = await session.run(rows(1));
    check(y?.type === 'float32', 'an output of float32');
    checkClose(y.shape, [1, 3]);
    checkClose(y.data as Float32Array, [11, 22, 33]);
  },
  'runs a network over sizes it has not seen before': async (backend) => {
    const session = await backend.createSession(addition());
    for (const count of [1, 3, 2]) {
      const { y } = await session.run(rows(count));
      checkClose(y?.shape, [count, 3]);
      checkClose(y?.data as Float32Array, repeat([11, 22, 33], count));
    }
  },
  'takes int64 inputs': async (backend) => {
    const session = await backend.createSession(lookup());
    const { y } = await session.run({
      table: float32Tensor(Float32Array.of(0, 1, 10, 11, 20, 21, 30, 31), [4, 2]),
      indices: { type: 'int64', shape: [3], data: BigInt64Array.of(3n, 0n, 2n) },
    });
    checkClose(y?.data as Float32Array, [30, 31, 0, 1, 20, 21]);
  },
  'takes a view of part of a buffer': async (backend) => {
    const session = await backend.createSession(addition());
    const buffer = Float32Array.of(9, 9, 1, 2, 3, 9, 10, 20, 30);
    const { y } = await session.run({
      a: float32Tensor(buffer.subarray(2, 5), [1, 3]),
      b: float32Tensor(buffer.subarray(6, 9), [1, 3]),
    });
    checkClose(y?.data as Float32Array, [11, 22, 33]);
  },
  'answers calls made at the same time one after the other': async (backend) => {
    const session = await backend.createSession(addition());
    const outputs = await Promise.all([1, 2, 3].map((count) => session.run(rows(count))));
    for (const [index, { y }] of outputs.entries()) checkClose(y?.shape, [index + 1, 3]);
  },
  'keeps several sessions': async (backend) => {
    const [a, b] = [await backend.createSession(addition()), await backend.createSession(sum())];
    checkClose((await b.run(x(4)))['y']?.data as Float32Array, [7, 7, 7, 7]);
    await b.dispose();
    checkClose((await a.run(rows(1)))['y']?.data as Float32Array, [11, 22, 33]);
  },
};

const weights: Record<string, Body> = {
  'takes weights from several blobs, at any offset': async (backend) => {
    const session = await backend.createSession(sum());
    checkClose((await session.run(x(4)))['y']?.data as Float32Array, [7, 7, 7, 7]);
  },
  'reads each weight at most once a session': async (backend) => {
    const reads = new Map<string, number>();
    const artifact = sum((name) => void reads.set(name, (reads.get(name) ?? 0) + 1));
    const session = await backend.createSession(artifact);
    await session.run(x(4));
    await session.run(x(4));
    check(
      [...reads.values()].every((count) => count === 1),
      'one read a weight',
    );
  },
  'reports progress up to the end': async (backend) => {
    const seen: LoadProgress[] = [];
    await backend.createSession(sum(), { onProgress: (progress) => void seen.push(progress) });
    for (const phase of ['weights', 'session'] as const) {
      const last = seen.filter((progress) => progress.phase === phase).at(-1);
      check(last !== undefined && last.loaded === last.total, `'${phase}' to reach its total`);
      check(last.component === 'weighted-sum', 'the label as component');
    }
  },
};

const aborting: Record<string, Body> = {
  'rejects with the reason when aborted before creating, and reads nothing': async (backend) => {
    const reason = new Error('stop');
    let reads = 0;
    const artifact = sum(() => void reads++);
    const attempt = backend.createSession(artifact, { signal: AbortSignal.abort(reason) });
    check((await rejection(attempt, 'creating')) === reason, "the signal's reason");
    check(reads === 0, 'no reads');
  },
  'rejects with the reason when aborted while weights are read': async (backend) => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const artifact = sum(async () => {
      controller.abort(reason);
      await pause(50);
    });
    const attempt = backend.createSession(artifact, { signal: controller.signal });
    check((await rejection(attempt, 'creating')) === reason, "the signal's reason");
    await (await backend.createSession(sum())).run(x(4));
  },
  'rejects with the reason when aborted before running': async (backend) => {
    const session = await backend.createSession(addition());
    const reason = new Error('stop');
    const attempt = session.run(rows(1), { signal: AbortSignal.abort(reason) });
    check((await rejection(attempt, 'running')) === reason, "the signal's reason");
  },
  'rejects with the reason when aborted while running, and runs again afterwards': async (backend) => {
    const session = await backend.createSession(longProduct(20, 512));
    const reason = new Error('stop');
    check((await rejection(abortedRun(session, reason), 'running')) === reason, "the signal's reason");
    const { y } = await session.run(product(1, 512));
    checkClose(y?.shape, [1, 512]);
  },
};

const ending: Record<string, Body> = {
  'disposes a session twice': async (backend) => {
    const session = await backend.createSession(addition());
    await Promise.all([session.dispose(), session.dispose()]);
    await session.dispose();
  },
  'refuses to run a disposed session': async (backend) => {
    const session = await backend.createSession(addition());
    await session.dispose();
    await checkCode(session.run(rows(1)), 'disposed');
  },
  'lets a run end before its session is disposed': async (backend) => {
    const session = await backend.createSession(longProduct(20, 256));
    const run = session.run(product(8, 256));
    await session.dispose();
    checkClose((await run)['y']?.shape, [8, 256]);
  },
  'disposes itself twice, with its sessions': async (backend) => {
    const session = await backend.createSession(addition());
    await Promise.all([backend.dispose(), backend.dispose()]);
    await checkCode(session.run(rows(1)), 'disposed');
    await checkCode(backend.createSession(addition()), 'disposed');
  },
};

const failing: Record<string, Body> = {
  'names the network that cannot be loaded': async (backend) => {
    const broken: ModelArtifact = { ...addition(), label: 'broken-network', graph: Uint8Array.of(1, 2, 3) };
    const error = await checkCode(backend.createSession(broken), 'backend');
    check(error.message.includes('broken-network'), `the label in '${error.message}'`);
  },
  'reports feeds that are missing or misshapen, and runs again afterwards': async (backend) => {
    const session = await backend.createSession(addition());
    await checkCode(session.run({}), 'backend');
    await checkCode(session.run({ ...rows(1), b: float32Tensor(new Float32Array(5), [1, 5]) }), 'backend');
    await session.run(rows(1));
  },
  'passes on what reading a weight throws': async (backend) => {
    const problem = new AnimateDiffError('weights-format', 'the file ends early');
    const artifact = sum(() => {
      throw problem;
    });
    check((await rejection(backend.createSession(artifact), 'creating')) === problem, 'the very error');
  },
};

function sum(onRead?: Parameters<typeof weightedSum>[0]['onRead']): ModelArtifact {
  const weights = [1, 2, 4].map((value) => new Float32Array(4).fill(value));
  return weightedSum({ weights, blobs: 2, onRead });
}

type Feeds = Parameters<Session['run']>[0];

function x(length: number): Feeds {
  return { x: float32Tensor(new Float32Array(length), [length]) };
}

function rows(count: number): Feeds {
  return {
    a: float32Tensor(Float32Array.from(repeat([1, 2, 3], count)), [count, 3]),
    b: float32Tensor(Float32Array.from(repeat([10, 20, 30], count)), [count, 3]),
  };
}

function product(count: number, width: number): Feeds {
  return {
    x: float32Tensor(new Float32Array(count * width), [count, width]),
    w: float32Tensor(new Float32Array(width * width), [width, width]),
  };
}

/** So many rows that a run takes some milliseconds, on slow devices and on fast ones. */
/**
 * A run that is aborted soon after it began. How long one takes was told on a machine that others use too: one that ends
 * before the abort is done again with more rows, a few times.
 */
async function abortedRun(session: Session, reason: Error): Promise<void> {
  let count = await rowsThatTake(100, session);
  for (let attempt = 0; attempt < 5; attempt++, count *= 2) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(reason), 30);
    await session.run(product(count, 512), { signal: controller.signal });
    clearTimeout(timer);
  }
}

async function rowsThatTake(milliseconds: number, session: Session): Promise<number> {
  // The first run also compiles and allocates.
  await session.run(product(1, 512));
  for (let count = 8; ; count *= 2) {
    const start = performance.now();
    await session.run(product(count, 512));
    if (performance.now() - start >= milliseconds || count >= 2 ** 15) return count;
  }
}

function repeat(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, () => values).flat();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
