import { AnimateDiffError } from '../../core/errors.js';
import type { PortLike } from '../../core/port/port.js';
import type { CallContext, Endpoint, PortHandlers } from '../../core/port/port-calls.js';
import { serveCalls } from '../../core/port/serve.js';
import { portToPage } from '../../core/port/worker-scope.js';
import type { LoadProgress } from '../../core/progress.js';
import type { Backend, Session } from '../backend.js';
import { ownTensors, tensorBuffers } from '../own-tensors.js';
import { type BackendCalls, backendService, type SessionId, type WeightCalls } from './backend-calls.js';
import { remoteWeights } from './remote-weights.js';
import { servedTensors } from './served-tensors.js';

/**
 * Serves a backend to the page that started this worker, which uses it through `workerBackend`; all of a worker's file:
 *
 * ```ts
 * serveBackend(ortWeb());
 * ```
 *
 * @param backend Belongs to the page from now on.
 * @param port Where the page is. Default: the worker's own global scope; on Node give `parentPort`.
 * @throws `invalid-options` where there is no such port.
 */
export function serveBackend(backend: Backend, port?: PortLike): void {
  const sessions = new Map<number, Session>();
  const held = servedTensors(backend);
  let nextIterable = 0;

  async function create(
    { session: id, artifact }: BackendCalls['create']['request'],
    { signal, emit }: CallContext,
  ): Promise<undefined> {
    if (!Number.isSafeInteger(id) || sessions.has(id)) {
      throw new AnimateDiffError('invalid-options', 'session: expected a whole number that is not in use');
    }
    const onProgress = (progress: LoadProgress): void => emit(progress);
    const weights = remoteWeights(endpoint, id, artifact.weights, () => nextIterable++);
    const session = await backend.createSession({ ...artifact, weights }, { signal, onProgress });
    // The page waits no longer, so it would never release this session.
    if (signal.aborted) await session.dispose();
    signal.throwIfAborted();
    sessions.set(id, session);
    return undefined;
  }

  function sessionOf({ session }: SessionId): Session {
    const found = sessions.get(session);
    if (found === undefined) throw new AnimateDiffError('disposed', 'the network was disposed');
    return found;
  }

  const handlers: PortHandlers<BackendCalls> = {
    capabilities: () => backend.capabilities(),
    create,
    run: async (request, { signal, handOver }) => {
      const session = sessionOf(request);
      const into = held.targets(request.into);
      const outputs = ownTensors(await session.run(held.feeds(request.feeds), { signal, into }));
      return handOver(outputs, tensorBuffers(outputs));
    },
    release: async (request) => {
      const session = sessions.get(request.session);
      sessions.delete(request.session);
      await session?.dispose();
      return undefined;
    },
    hold: held.hold,
    drop: held.drop,
    dispose: async () => {
      await backend.dispose();
      return undefined;
    },
  };
  const endpoint: Endpoint<WeightCalls> = serveCalls<BackendCalls, WeightCalls>({
    port: portToPage(port, 'serveBackend'),
    service: backendService,
    handlers,
    onLost: () => void backend.dispose(),
  });
}
