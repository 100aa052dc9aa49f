import { availableParallelism, totalmem } from 'node:os';
import type {
  Backend,
  BackendCapabilities,
  CreateSessionOptions,
  ModelArtifact,
  Session,
} from './backend.js';
import { backendShell } from './backend-shell.js';
import { connect, type HostConnection } from './host/host-connection.js';
import type { RuntimeSettings } from './host/host-protocol.js';
import { type HostedSession, hostedSession } from './host/hosted-session.js';
import { hostedTensors } from './host/hosted-tensors.js';
import { inlineConnection } from './host/inline-connection.js';
import { openProcess } from './host/process-channel-node.js';
import { runtimeHost } from './host/runtime-host.js';
import { openWorker } from './host/worker-channel-node.js';
import { nodeCapabilities } from './node-capabilities.js';
import { hostScript } from './ort-host-script.js';
import { checkOrtNodeOptions, type OrtNodeOptions } from './ort-node-options.js';
import { ortNodeService } from './ort-node-service.js';
import type { RunOnce } from './self-test/self-test.js';
import { nodeWeights } from './weights/node-weights-node.js';
import { memoryWeights, type PreparedWeights } from './weights/prepared-weights.js';

/**
 * Runs networks with onnxruntime-node: on the CPU, or on a graphics card through WebGPU or CUDA. The runtime lives
 * in a worker thread unless `isolation` says otherwise, so the application's event loop stays live; it starts with
 * the first session and ends with the last, and gives its memory back then.
 *
 * @throws `invalid-options`. A device that is missing is reported by the first call that needs it.
 */
export function ortNode(options?: OrtNodeOptions): Backend {
  const {
    device = 'cpu',
    threads = availableParallelism(),
    prepack = false,
    isolation = 'worker',
    weightsCache,
  } = checkOrtNodeOptions(options);
  const prepare = nodeWeights(weightsCache);
  const newHost = () => runtimeHost(starters[isolation]);
  const sharedHost = newHost();
  // A killed process takes all its sessions along, so that each has its own.
  const hostOfNext = () => (isolation === 'process' ? newHost() : sharedHost);
  const held = hostedTensors();
  let nextId = 0;

  function host(artifact: ModelArtifact, weights: PreparedWeights, on = hostOfNext()): HostedSession {
    const settings: RuntimeSettings = {
      ...{ device, threads },
      prepack: artifact.prepack ?? prepack,
      plansMemory: artifact.plansMemory ?? true,
    };
    return hostedSession({ host: on, id: nextId++, artifact, settings, held, weights });
  }

  async function create(artifact: ModelArtifact, options: CreateSessionOptions): Promise<Session> {
    const { signal, onProgress } = options;
    const weights = await prepare(artifact, options);
    const session = host(artifact, weights);
    try {
      const step = { phase: 'session', component: artifact.label, total: 1 } as const;
      onProgress?.({ ...step, loaded: 0 });
      await session.load(signal);
      onProgress?.({ ...step, loaded: 1 });
      signal?.throwIfAborted();
    } catch (error) {
      await session.dispose();
      throw error;
    }
    return { run: session.run, dispose: session.dispose };
  }

  async function probe(): Promise<BackendCapabilities> {
    const shared = hostOfNext();
    shared.retain();
    const run: RunOnce = async (artifact, feeds) => {
      const session = host(artifact, memoryWeights([]), shared);
      try {
        return await session.run(feeds);
      } finally {
        await session.dispose();
      }
    };
    try {
      const abort = isolation === 'process' ? 'during-run' : 'between-runs';
      return await nodeCapabilities({ device, memory: totalmem(), abort, run });
    } finally {
      await shared.release();
    }
  }

  return backendShell({ name: `onnxruntime-node/${device}`, probe, create, held });
}

const starters: Readonly<Record<'worker' | 'process' | 'none', () => HostConnection>> = {
  worker: () => connect((events) => openWorker(hostScript(), events)),
  process: () => connect((events) => openProcess(hostScript(), events)),
  none: () => inlineConnection(ortNodeService(false)),
};
