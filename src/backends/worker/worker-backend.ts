import { AnimateDiffError } from '../../core/errors.js';
import { type Connection, connect } from '../../core/port/connect.js';
import type { PortLike } from '../../core/port/port.js';
import { portIterables } from '../../core/port/port-iterables.js';
import type { LoadProgress } from '../../core/progress.js';
import type {
  Backend,
  BackendCapabilities,
  CreateSessionOptions,
  ModelArtifact,
  Session,
} from '../backend.js';
import { backendShell } from '../backend-shell.js';
import { type BackendCalls, backendService, type WeightCalls } from './backend-calls.js';
import { givenWeights, withoutBytes } from './given-weights.js';
import { remoteTensors, runRemotely } from './remote-tensors.js';

type Worker = Connection<BackendCalls>;

/**
 * A backend in a worker: the networks run there, everything else stays on this thread. The worker's file calls `serveBackend`
 * of `animatediff-js/worker`. Weights go over piece by piece as the worker takes them, tensors without being copied. To have
 * everything in the worker, use `workerPipeline`.
 *
 * @param worker A `Worker`, or a function that starts one when it is first needed, and again after it ended by itself. It
 * belongs to the backend from now on; `dispose` ends it, and its memory comes back.
 */
export function workerBackend(worker: PortLike | (() => PortLike)): Backend {
  const iterables = portIterables();
  const weights = givenWeights(iterables);
  const held = remoteTensors();
  const disposal = new AbortController();
  let current: Promise<Worker> | undefined;
  let nextSession = 0;

  async function connected(): Promise<Worker> {
    const before = current;
    const found = await before?.catch(() => undefined);
    const usable = typeof worker === 'function' ? found && found.lost === undefined : before !== undefined;
    // A call made meanwhile may have started the next one already.
    if (!usable && current === before) current = start();
    return current!;
  }

  function start(): Promise<Worker> {
    return connect<WeightCalls, BackendCalls>({
      worker,
      service: backendService,
      server: 'serveBackend',
      handlers: { ...iterables.handlers, weight: weights.open },
      signal: disposal.signal,
    });
  }

  async function create(
    artifact: ModelArtifact,
    { signal, onProgress }: CreateSessionOptions,
  ): Promise<Session> {
    const { endpoint } = await connected();
    const session = nextSession++;
    const given = weights.give(session, artifact);
    try {
      const request = { session, artifact: withoutBytes(artifact) };
      const onEvent = (progress: unknown): void => onProgress?.(progress as LoadProgress);
      await endpoint.call('create', request, { signal, onEvent });
    } catch (error) {
      throw given.problem ?? error;
    } finally {
      given.end();
    }
    let released: Promise<unknown> | undefined;
    return {
      run: async (feeds, options = {}) => {
        if (released !== undefined) {
          throw new AnimateDiffError('disposed', `${artifact.label}: the session was disposed`);
        }
        const { signal, into } = options;
        return held.lend(feeds, into, (lent) => runRemotely(endpoint, session, lent, signal));
      },
      dispose: async () => {
        // A worker that is gone has let go of it.
        released ??= endpoint.call('release', { session }).catch(() => undefined);
        await released;
      },
    };
  }

  const shell = backendShell({
    name: 'worker',
    probe: async (): Promise<BackendCapabilities> =>
      (await connected()).endpoint.call('capabilities', undefined),
    create,
    held,
    end: async () => {
      const connection = await current?.catch(() => undefined);
      await connection?.end(disposal.signal.reason, () => connection.endpoint.call('dispose', undefined));
    },
  });
  return {
    ...shell,
    dispose: () => {
      // One that never starts is not waited for.
      disposal.abort(new AnimateDiffError('disposed', 'the backend was disposed'));
      return shell.dispose();
    },
  };
}
