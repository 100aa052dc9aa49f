import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AnimateDiffError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { checkForm } from './held-tensors.js';
import type { CreateRequest, HeldId, RunRequest, RuntimeService } from './host/host-protocol.js';
import { formOf, ortTensor, plainTensor } from './ort-tensors.js';
import { runtimeError } from './runtime-errors.js';
import type { WeightFile } from './weights/memory-weights.js';

type Ort = typeof import('onnxruntime-node');

interface Loaded {
  readonly label: string;
  readonly session: InferenceSession;
}

/**
 * ONNX Runtime itself, as it is called inside its host. `create` and `run` block the thread they are called on. One
 * call at a time.
 *
 * @param quiet Keeps the runtime from printing: what goes wrong is thrown anyway. Only for a host of our own,
 *   where no other code uses the runtime.
 */
export function ortNodeService(quiet: boolean): RuntimeService {
  const sessions = new Map<number, Loaded>();
  const held = new Map<number, OrtTensor>();
  const staged = new Map<number, Map<string, Uint8Array<ArrayBuffer>>>();
  return {
    stage: async ({ session, location, byteLength, offset, bytes }) => {
      const files = staged.get(session) ?? new Map<string, Uint8Array<ArrayBuffer>>();
      staged.set(session, files);
      const data = files.get(location) ?? new Uint8Array(byteLength);
      files.set(location, data);
      data.set(bytes, offset);
      return undefined;
    },
    create: async (request) => {
      const files = [...(staged.get(request.session) ?? [])].map(([location, data]) => ({ location, data }));
      staged.delete(request.session);
      try {
        const ort = await loadRuntime(quiet);
        const options = sessionOptions(request, [...request.files, ...files]);
        const session = await ort.InferenceSession.create(request.graph, options);
        sessions.set(request.session, { label: request.label, session });
      } catch (error) {
        throw runtimeError(error, request.label, 'create');
      }
      return undefined;
    },
    run: async (request) => {
      const loaded = sessions.get(request.session);
      if (loaded === undefined) throw new AnimateDiffError('disposed', 'the network was disposed');
      try {
        return await run(await loadRuntime(quiet), loaded.session, request, held);
      } catch (error) {
        throw runtimeError(error, loaded.label, 'run');
      }
    },
    release: async ({ session }) => {
      const loaded = sessions.get(session);
      sessions.delete(session);
      await loaded?.session.release();
      return undefined;
    },
    hold: async ({ held: id, tensor }) => {
      const { Tensor } = await loadRuntime(quiet);
      held.set(id, ortTensor(Tensor, tensor));
      return undefined;
    },
    drop: async ({ held: id }) => {
      held.get(id)?.dispose();
      held.delete(id);
      return undefined;
    },
    describe: async () => {
      const { env, listSupportedBackends } = await loadRuntime(quiet);
      return {
        version: env.versions.node ?? env.versions.common,
        providers: listSupportedBackends().map(({ name, bundled }) => ({ name, bundled })),
      };
    },
  };
}

async function loadRuntime(quiet: boolean): Promise<Ort> {
  try {
    const ort = await import('onnxruntime-node');
    if (quiet) ort.env.logLevel = 'fatal';
    return ort;
  } catch (cause) {
    throw new AnimateDiffError(
      'backend',
      `onnxruntime-node cannot be loaded on ${process.platform}/${process.arch}: ${(cause as Error).message}. It has binaries ` +
        'for Linux and Windows on x64 and arm64, and for macOS on arm64',
      { cause },
    );
  }
}

function sessionOptions(
  { settings, folder }: CreateRequest,
  files: readonly WeightFile[],
): InferenceSession.SessionOptions {
  return {
    executionProviders: [settings.device],
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableMemPattern: settings.plansMemory,
    logSeverityLevel: 4,
    // With `all`, the CPU provider copies every convolution's weights into a blocked layout: for mapped files that is
    // private memory in place of the page cache, and seconds of loading, for no speed at several frames.
    graphOptimizationLevel: folder === undefined ? 'all' : 'extended',
    externalData: files.map(({ location, data }) => ({ path: location, data })),
    extra: { session: sessionConfig(folder, settings.prepack) },
  };
}

function sessionConfig(folder: string | undefined, prepack: boolean): Record<string, string> {
  return {
    // Waiting threads that spin take cores from the application and gain nothing measurable here.
    'intra_op.allow_spinning': '0',
    // Without it, x64 CPUs that lack VNNI cut off large sums of integers.
    x64quantprecision: '1',
    ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
    ...(folder === undefined || prepack ? {} : { disable_prepacking: '1' }),
  };
}

async function run(
  ort: Ort,
  session: InferenceSession,
  { feeds, into }: RunRequest,
  held: Map<number, OrtTensor>,
): Promise<Record<string, Tensor>> {
  const inputs = Object.entries(feeds).map(([name, feed]) => [
    name,
    'data' in feed ? ortTensor(ort.Tensor, feed) : heldTensor(held, feed),
  ]);
  const outputs = await session.run(Object.fromEntries(inputs));
  for (const [name, target] of Object.entries(into)) {
    const output = outputs[name];
    checkForm(name, output && formOf(output), target);
  }
  const given: Record<string, Tensor> = {};
  for (const [name, output] of Object.entries(outputs)) {
    const target = into[name];
    if (target) held.set(target.held, output);
    // Copied into memory of JavaScript's own: the runtime's belongs to this thread's environment and must not outlive it
    // in another thread.
    else given[name] = plainTensor(output, ownBytes(output.data));
  }
  return given;
}

function heldTensor(held: ReadonlyMap<number, OrtTensor>, { held: id }: HeldId): OrtTensor {
  const found = held.get(id);
  if (found === undefined) throw new AnimateDiffError('disposed', 'a held tensor was disposed');
  return found;
}

function ownBytes(data: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}
