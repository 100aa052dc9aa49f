import type { InferenceSession } from 'onnxruntime-web';
import { AnimateDiffError } from '../../core/errors.js';
import type { Tensor } from '../../core/tensor.js';
import type { ModelArtifact, Session } from '../backend.js';
import { ortFeeds, plainTensor } from '../ort-tensors.js';
import { type RuntimeAction, runtimeError } from '../runtime-errors.js';
import type { WeightFile } from '../weights/memory-weights.js';
import type { WeightBlob } from './blob-weights.js';
import type { GraphicsDevice } from './graphics-device.js';
import { checkUsable, noteIfSpent, type WebRuntime } from './ort-web-runtime.js';

/** What a session in a page is made of. */
export interface WebSessionRequest {
  readonly runtime: WebRuntime;
  /** Where it computes; `undefined`: on the processor. */
  readonly graphics: GraphicsDevice | undefined;
  readonly artifact: ModelArtifact;
  readonly files: readonly (WeightBlob | WeightFile)[];
  readonly signal?: AbortSignal | undefined;
  /** Told when the first run begins and when it has ended: until then the device compiles the network's kernels. */
  readonly onWarmUp?: ((loaded: 0 | 1) => void) | undefined;
}

/**
 * Creates a session of ONNX Runtime.
 * @throws `backend`, `out-of-memory`, with `details.reason` of `device-lost` or `runtime-spent` where that is why.
 */
export async function openWebSession(request: WebSessionRequest): Promise<Session> {
  const { runtime, graphics, artifact, files, signal, onWarmUp } = request;
  const { label, graph } = artifact;
  const guarded = guard(runtime, graphics, label);
  const session = await runtime.mutex.run(() => {
    signal?.throwIfAborted();
    return guarded('create', () =>
      runtime.ort.InferenceSession.create(graph, sessionOptions(graphics, files)),
    );
  });
  let cold = graphics !== undefined;
  let disposal: Promise<void> | undefined;

  async function run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const warming = cold ? onWarmUp : undefined;
    warming?.(0);
    const outputs = await guarded('run', () => session.run(ortFeeds(runtime.ort.Tensor, feeds)));
    warming?.(1);
    cold = false;
    return Object.fromEntries(
      Object.entries(outputs).map(([name, output]) => [
        name,
        plainTensor(output, output.data as Float32Array),
      ]),
    );
  }

  return {
    run: async (feeds, options = {}) => {
      if (disposal !== undefined) {
        throw new AnimateDiffError('disposed', `${label}: the session was disposed`);
      }
      return runtime.mutex.run(async () => {
        const outputs = await run(feeds);
        // Timers and clicks that waited for the processor go first: one of them may be about to abort this call. Browsers
        // put timers of no delay before those that fell due meanwhile.
        if (graphics === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
        return outputs;
      }, options.signal);
    },
    dispose: () => {
      disposal ??= runtime.mutex.run(async () => {
        if (runtime.spent === undefined) await session.release().catch(() => undefined);
      });
      return disposal;
    },
  };
}

function sessionOptions(
  graphics: GraphicsDevice | undefined,
  files: WebSessionRequest['files'],
): InferenceSession.SessionOptions {
  return {
    // As an object: of a mere name the runtime takes no options.
    executionProviders: graphics ? [{ name: 'webgpu', device: graphics.device }] : ['wasm'],
    executionMode: 'sequential',
    logSeverityLevel: 4,
    graphOptimizationLevel: 'all',
    externalData: files.map(({ location, data }) => ({ path: location, data })),
  };
}

/** Turns what goes wrong in the runtime into errors that say whether trying again helps. */
function guard(runtime: WebRuntime, graphics: GraphicsDevice | undefined, label: string) {
  return async <T>(action: RuntimeAction, work: () => Promise<T>): Promise<T> => {
    checkUsable(runtime, label);
    checkThere(graphics, label);
    let result: T;
    try {
      result = await work();
    } catch (error) {
      noteIfSpent(runtime, error);
      if (/mapAsync|device|lost/i.test(String(error))) await graphics?.news();
      checkThere(graphics, label, error);
      checkUsable(runtime, label, error);
      throw runtimeError(graphics?.takeOutOfMemory() ?? error, label, action);
    }
    // A device that is lost or full meanwhile need not fail a call; what the call gave is worth nothing.
    checkThere(graphics, label);
    const full = graphics?.takeOutOfMemory();
    if (full !== undefined) throw runtimeError(`out of memory: ${full}`, label, action);
    return result;
  };
}

function checkThere(graphics: GraphicsDevice | undefined, label: string, cause?: unknown): void {
  if (graphics?.lost === undefined) return;
  throw new AnimateDiffError(
    'backend',
    `${label}: the graphics card was taken away (${graphics.lost}), and with it what was in its memory. Load the network ` +
      'again',
    { cause, details: { reason: 'device-lost', label } },
  );
}
