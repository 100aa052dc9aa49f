import { AnimateDiffError } from '../../core/errors.js';
import type { ModelArtifact, Session } from '../backend.js';
import type { HeldTensors } from '../held-tensors.js';
import type { WeightFile } from '../weights/memory-weights.js';
import type { PreparedWeights } from '../weights/prepared-weights.js';
import type { HostConnection } from './host-connection.js';
import type { RuntimeSettings } from './host-protocol.js';
import { type HostedPlaces, runInHost } from './hosted-tensors.js';
import type { RuntimeHost } from './runtime-host.js';

/** What a {@link hostedSession} is made of. */
export interface HostedSessionRequest {
  readonly host: RuntimeHost;
  /** Unique among the host's sessions. */
  readonly id: number;
  readonly artifact: ModelArtifact;
  readonly settings: RuntimeSettings;
  /** The backend's. */
  readonly held: HeldTensors<HostedPlaces>;
  /** The session's from now on: released with it. */
  readonly weights: PreparedWeights;
}

/** A session in a host, and how to load it. */
export interface HostedSession extends Session {
  /** Loads the network. Without it the first run does. */
  load(signal?: AbortSignal | undefined): Promise<void>;
}

/** Messages to a host that shares no memory with us carry at most this many bytes of weights. */
const stagedBytes = 4 * 2 ** 20;

/** A network that lives in a host and is loaded into it anew when the host was killed or crashed. */
export function hostedSession({
  host,
  id,
  artifact,
  settings,
  held,
  weights,
}: HostedSessionRequest): HostedSession {
  const { label, graph } = artifact;
  const { folder } = weights;
  let files: readonly WeightFile[] | undefined = weights.files;
  let loadedOn: HostConnection | undefined;
  let disposal: Promise<void> | undefined;
  host.retain();

  async function ensureLoaded(connection: HostConnection): Promise<void> {
    if (loadedOn === connection) return;
    if (files === undefined) {
      const message = `${label}: the host of ONNX Runtime ended, and the weights were in its memory only; create the session again`;
      throw new AnimateDiffError('backend', message);
    }
    const create = { session: id, label, settings, graph, folder };
    if (connection.sharesMemory) {
      const given = files;
      if (given.length > 0) files = undefined;
      await connection.call(
        'create',
        { ...create, files: given },
        given.map(({ data }) => data.buffer),
      );
    } else {
      await stage(connection, id, files);
      await connection.call('create', { ...create, files: [] });
    }
    loadedOn = connection;
  }

  async function release(): Promise<void> {
    await host.afterwards(async (connection) => {
      files = undefined;
      // A host that ends meanwhile has released the network too.
      if (connection !== undefined && loadedOn === connection) {
        await connection.call('release', { session: id }).catch(() => undefined);
      }
    });
    await host.release();
    await weights.release();
  }

  return {
    load: (signal) => host.exclusive(ensureLoaded, signal),
    run: async (feeds, options = {}) => {
      if (disposal !== undefined)
        throw new AnimateDiffError('disposed', `${label}: the session was disposed`);
      return host.exclusive(async (connection) => {
        await ensureLoaded(connection);
        options.signal?.throwIfAborted();
        return held.lend(feeds, options.into, (lent) => runInHost(host, connection, id, lent));
      }, options.signal);
    },
    dispose: () => {
      disposal ??= release();
      return disposal;
    },
  };
}

async function stage(
  connection: HostConnection,
  session: number,
  files: readonly WeightFile[],
): Promise<void> {
  for (const { location, data } of files) {
    for (let offset = 0; offset < data.byteLength; offset += stagedBytes) {
      const bytes = data.subarray(offset, offset + stagedBytes);
      await connection.call('stage', { session, location, byteLength: data.byteLength, offset, bytes });
    }
  }
}
