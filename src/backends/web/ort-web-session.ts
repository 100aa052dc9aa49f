import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web';
import { AnimateDiffError } from '../../core/errors.js';
import type { Tensor } from '../../core/tensor.js';
import type { ModelArtifact, Session } from '../backend.js';
import { checkForm, type HeldTensors, type Lent } from '../held-tensors.js';
import { formOf, ortTensor, plainTensor } from '../ort-tensors.js';
import { type RuntimeAction, runtimeError } from '../runtime-errors.js';
import type { WeightFile } from '../weights/memory-weights.js';
import type { WeightBlob } from './blob-weights.js';
import type { GraphicsDevice } from './graphics-device.js';
import { bufferTensor, placedTensor, putTensor, type WebPlace } from './ort-web-held-tensors.js';
import { checkUsable, noteIfSpent, type WebRuntime } from './ort-web-runtime.js';
import type { WebLimits } from './web-capabilities.js';

/** What a session in a page is made of. */
export interface WebSessionRequest {
  readonly runtime: WebRuntime;
  /** Where it computes; `undefined`: on the processor. */
  readonly graphics: GraphicsDevice | undefined;
  readonly limits: WebLimits;
  readonly artifact: ModelArtifact;
  readonly files: readonly (WeightBlob | WeightFile)[];
  /** The backend's. */
  readonly held: HeldTensors<WebPlace>;
  readonly signal?: AbortSignal | undefined;
  /** Told when the first run begins and when it has ended: until then the device compiles the network's kernels. */
  readonly onWarmUp?: ((loaded: 0 | 1) => void) | undefined;
}

/**
 * Creates a session of ONNX Runtime.
 * @throws `backend`, `out-of-memory`, with `details.reason` of `device-lost` or `runtime-spent` where that is why.
 */
export async function openWebSession(request: WebSessionRequest): Promise<Session> {
  const { runtime, graphics, artifact, held, signal, onWarmUp } = request;
  const { label, graph } = artifact;
  const guarded = guard(runtime, graphics, label);
  const session = await runtime.mutex.run(() => {
    signal?.throwIfAborted();
    return guarded('create', () => runtime.ort.InferenceSession.create(graph, sessionOptions(request)));
  });
  let cold = graphics !== undefined;
  let disposal: Promise<void> | undefined;

  async function run(lent: Lent<WebPlace>): Promise<Record<string, Tensor>> {
    const warming = cold ? onWarmUp : undefined;
    warming?.(0);
    const outputs = await guarded('run', () => runOrt(request, session, lent));
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
        const outputs = await held.lend(feeds, options.into, run);
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

/** Runs a session. @returns the outputs that are not to be held. */
async function runOrt(
  { runtime: { ort }, graphics, limits }: Pick<WebSessionRequest, 'runtime' | 'graphics' | 'limits'>,
  session: InferenceSession,
  { feeds, into }: Lent<WebPlace>,
): Promise<Record<string, OrtTensor>> {
  const card = graphics && { graphics, ...limits };
  const inputs = Object.entries(feeds).map(([name, feed]) => [
    name,
    'data' in feed ? ortTensor(ort.Tensor, feed) : placedTensor(ort, card, feed),
  ]);
  const targets = Object.entries(into);
  // On the processor outputs are copied out of the heap in any case.
  const buffers = card
    ? targets.map(([name, { form }]) => [name, bufferTensor(ort, card, form)] as const)
    : [];
  const fetches = Object.fromEntries([
    ...session.outputNames.map((name) => [name, null] as const),
    ...buffers,
  ]);
  try {
    const outputs = { ...(await session.run(Object.fromEntries(inputs), fetches)) };
    for (const [name, holding] of targets) {
      const output = outputs[name];
      checkForm(name, output && formOf(output), holding);
    }
    for (const [name, holding] of targets) {
      putTensor(holding, outputs[name]!, graphics);
      delete outputs[name];
    }
    return outputs;
  } catch (error) {
    for (const [, buffer] of buffers) buffer.dispose();
    throw error;
  }
}

function sessionOptions({ graphics, artifact, files }: WebSessionRequest): InferenceSession.SessionOptions {
  return {
    enableMemPattern: artifact.plansMemory ?? true,
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
      const full = graphics?.takeOutOfMemory();
      throw runtimeError(full === undefined ? error : `out of memory: ${full}`, label, action);
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
