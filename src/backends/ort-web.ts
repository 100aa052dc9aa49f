import type {
  Backend,
  BackendCapabilities,
  CreateSessionOptions,
  ModelArtifact,
  Session,
} from './backend.js';
import { backendShell } from './backend-shell.js';
import { heldTensors } from './held-tensors.js';
import { checkOrtWebOptions, type OrtWebOptions } from './ort-web-options.js';
import type { RunOnce } from './self-test/self-test.js';
import { readIntoBlobs } from './web/blob-weights.js';
import { checkFits } from './web/check-fits.js';
import { type GraphicsDevice, requestGraphicsDevice } from './web/graphics-device.js';
import type { WebPlace } from './web/ort-web-held-tensors.js';
import { configure, webRuntime } from './web/ort-web-runtime.js';
import { openWebSession, type WebSessionRequest } from './web/ort-web-session.js';
import { webCapabilities, webLimits } from './web/web-capabilities.js';
import { readIntoMemory } from './weights/memory-weights.js';
import { weightsProgress } from './weights/weights-progress.js';

/**
 * Runs networks with onnxruntime-web, on the thread that calls it: on the graphics card through WebGPU, or on the processor
 * through WebAssembly, which blocks its thread while it computes. Use it in a worker where pages must stay live.
 *
 * A graphics card that was taken away ends the sessions on it with `backend` errors whose `details.reason` is `device-lost`;
 * sessions that are made afterwards get a new device. Where ONNX Runtime itself broke down, the reason is `runtime-spent`:
 * only a new page or worker helps.
 *
 * @throws `invalid-options`. A device that is missing is reported by the first call that needs it.
 */
export function ortWeb(options?: OrtWebOptions): Backend {
  const own = checkOrtWebOptions(options);
  const { device = 'webgpu', limits = {}, powerPreference = 'high-performance' } = own;
  let graphics: Promise<GraphicsDevice> | undefined;
  const held = heldTensors<WebPlace>(async ({ place }) => place?.tensor.dispose());

  /** The device in use, or a new one in place of one that was lost. */
  async function currentGraphics(): Promise<GraphicsDevice | undefined> {
    if (device === 'wasm') return undefined;
    const asked = graphics;
    const lost = (await asked?.catch(() => undefined))?.lost !== undefined;
    if (asked === undefined || lost) {
      // Two callers may have found the same loss: the first of them asks.
      if (graphics === asked) graphics = requestGraphicsDevice(powerPreference);
    }
    const current = graphics as Promise<GraphicsDevice>;
    current.catch(() => {
      if (graphics === current) graphics = undefined;
    });
    return current;
  }

  async function start(): Promise<Pick<WebSessionRequest, 'runtime' | 'graphics' | 'limits'>> {
    // First the device: where it is missing, no file need be loaded.
    const found = await currentGraphics();
    const runtime = await webRuntime(device);
    configure(runtime, own);
    return { runtime, graphics: found, limits: webLimits(found, limits) };
  }

  async function create(artifact: ModelArtifact, options: CreateSessionOptions): Promise<Session> {
    const { signal, onProgress } = options;
    const { label: component, weights } = artifact;
    const started = await start();
    checkFits(artifact, { device, ...started.limits });
    const total = weights.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const progress = weightsProgress(component, total, onProgress);
    const read = started.runtime.streamsBlobs ? readIntoBlobs : readIntoMemory;
    const files = await read(weights, component, progress, signal);
    const step = { phase: 'session', component, total: 1 } as const;
    onProgress?.({ ...step, loaded: 0 });
    const onWarmUp = (loaded: 0 | 1): void => onProgress?.({ ...step, phase: 'warm-up', loaded });
    const session = await openWebSession({ ...started, artifact, files, held, signal, onWarmUp });
    onProgress?.({ ...step, loaded: 1 });
    return session;
  }

  async function probe(): Promise<BackendCapabilities> {
    const started = await start();
    const run: RunOnce = async (artifact, feeds) => {
      const session = await openWebSession({ ...started, artifact, files: [], held });
      try {
        return await session.run(feeds);
      } finally {
        await session.dispose();
      }
    };
    return webCapabilities({ ...started, threads: own.threads, run });
  }

  async function end(): Promise<void> {
    (await graphics?.catch(() => undefined))?.destroy();
    graphics = undefined;
  }

  return backendShell({ name: `onnxruntime-web/${device}`, probe, create, held, end });
}
