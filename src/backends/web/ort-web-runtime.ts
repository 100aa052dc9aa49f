import { AnimateDiffError } from '../../core/errors.js';
import { createMutex, type Mutex } from '../mutex.js';
import type { OrtWebOptions } from '../ort-web-options.js';

/** One build of ONNX Runtime, all of which have the same functions. */
export type Ort = typeof import('onnxruntime-web');

/** A build of ONNX Runtime in this page or worker, and what all backends that use it share. */
export interface WebRuntime {
  readonly ort: Ort;
  /** Whether it reads weights from a Blob when it needs them; others take every byte beforehand. */
  readonly streamsBlobs: boolean;
  /** ONNX Runtime does one thing at a time: two at once end in errors or a standstill. */
  readonly mutex: Mutex;
  /** Threads that it was started with; `undefined` before. */
  threads: number | undefined;
  /** Why this build can do nothing more in this page or worker, if so. */
  spent: string | undefined;
}

// On the runtime's own object, so that a second copy of this library takes turns with the first.
const key: unique symbol = Symbol.for('animatediff-js.web-runtime') as never;

/**
 * Loads the build that suits a device. The one that suspends itself (JSPI) is the smallest with WebGPU and reads weights
 * piece by piece; where the browser cannot do that, WebGPU takes the build that unwinds its stack (asyncify). Never the
 * package's default entry, whose WebGPU is another, older implementation.
 *
 * @throws `backend` when the files cannot be loaded.
 */
export async function webRuntime(device: 'webgpu' | 'wasm'): Promise<WebRuntime> {
  const streamsBlobs = 'Suspending' in WebAssembly;
  const ort = await importBuild(device, streamsBlobs);
  const holder = ort.env as typeof ort.env & { [key]?: WebRuntime };
  holder[key] ??= { ort, streamsBlobs, mutex: createMutex(), threads: undefined, spent: undefined };
  return holder[key];
}

async function importBuild(device: 'webgpu' | 'wasm', suspends: boolean): Promise<Ort> {
  try {
    // Written out, so that bundlers see them.
    if (suspends) return await import('onnxruntime-web/jspi');
    if (device === 'webgpu') return await import('onnxruntime-web/webgpu');
    return await import('onnxruntime-web/wasm');
  } catch (cause) {
    throw new AnimateDiffError(
      'backend',
      `onnxruntime-web cannot be loaded: ${(cause as Error).message}. Install it beside this library, and see that its ` +
        'files are served',
      { cause },
    );
  }
}

/** Threads that a page may have: one, unless it is cross-origin isolated. */
export function usableThreads(wanted: number | undefined): number {
  if (globalThis.crossOriginIsolated !== true) return 1;
  return wanted ?? Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 1);
}

/** Sets what the runtime reads once, when its first session starts it. */
export function configure(
  runtime: WebRuntime,
  { threads, wasmPaths }: Pick<OrtWebOptions, 'threads' | 'wasmPaths'>,
): void {
  if (runtime.threads !== undefined) return;
  runtime.threads = usableThreads(threads);
  const { env } = runtime.ort;
  // What goes wrong is thrown; it need not be printed as well.
  env.logLevel = 'fatal';
  const { wasm } = env;
  wasm.numThreads = runtime.threads;
  if (wasmPaths !== undefined) wasm.wasmPaths = wasmPaths as string;
}

/**
 * Refuses a runtime that is spent.
 * @throws `backend` with `details.reason: 'runtime-spent'`.
 */
export function checkUsable({ spent }: WebRuntime, label: string, cause?: unknown): void {
  if (spent === undefined) return;
  throw new AnimateDiffError(
    'backend',
    `${label}: ONNX Runtime cannot be used any more in this page or worker: ${spent}. Load the page again, or end the ` +
      'worker and start a new one',
    { cause, details: { reason: 'runtime-spent', label } },
  );
}

/** Notes when an error says that the runtime will never work again. */
export function noteIfSpent(runtime: WebRuntime, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (/no available backend found/.test(message)) {
    runtime.spent ??=
      `its own files could not be loaded (${message}). See that 'ort-wasm-simd-threaded.*' of onnxruntime-web are served, or ` +
      'name their folder in the option `wasmPaths`';
  }
  // A trap leaves the heap as it was in the middle of something; a session whose creation trapped blocks all later ones.
  if (error instanceof WebAssembly.RuntimeError || fatal.test(message)) runtime.spent ??= message;
}

const fatal = /another WebGPU EP|Aborted\(|previous call to/;
