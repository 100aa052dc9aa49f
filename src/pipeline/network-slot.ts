import type { Backend, ModelArtifact, Session } from '../backends/backend.js';
import { AnimateDiffError } from '../core/errors.js';
import type { OnLoadProgress } from '../core/progress.js';

/** How a network is brought into memory. */
export interface AcquireOptions {
  signal?: AbortSignal | undefined;
  onProgress?: OnLoadProgress | undefined;
}

/** A network that is in memory only while it should be. */
export interface NetworkSlot {
  readonly label: string;
  /** Whether a session is there, or on its way. */
  readonly loaded: boolean;
  /** The session, created now if it is not there. Calls at the same time share one creation. */
  acquire(options?: AcquireOptions): Promise<Session>;
  /** Lets the session go; the next `acquire` makes a new one. */
  release(): Promise<void>;
  /** Lets the session go for good; an `acquire` afterwards rejects with `disposed`. */
  dispose(): Promise<void>;
}

/**
 * @param build Writes the network for the backend; called again for each new session.
 * @param afterCreate Called when weights have been read, to close files.
 * @param onDeviceLost Called when a run fails because the device is gone, and with it all networks on it.
 */
export function networkSlot(
  label: string,
  backend: Backend,
  build: (signal: AbortSignal | undefined) => Promise<ModelArtifact>,
  afterCreate: () => Promise<void>,
  onDeviceLost: () => void,
): NetworkSlot {
  let current: Promise<Session> | undefined;
  let disposed = false;

  async function create({ signal, onProgress }: AcquireOptions): Promise<Session> {
    try {
      const artifact = await build(signal);
      const session = await backend.createSession(artifact, { signal, onProgress });
      return fedItsOwn(session, artifact, onDeviceLost);
    } finally {
      await afterCreate();
    }
  }

  async function release(): Promise<void> {
    const session = current;
    current = undefined;
    await (await session?.catch(() => undefined))?.dispose();
  }

  return {
    label,
    get loaded() {
      return current !== undefined;
    },
    acquire(options = {}) {
      if (disposed) return Promise.reject(new AnimateDiffError('disposed', `the ${label} was disposed`));
      if (current === undefined) {
        const creation = create(options);
        current = creation;
        // A failed creation must not stay: the next acquire tries again.
        creation.catch(() => {
          if (current === creation) current = undefined;
        });
      }
      return current;
    },
    release,
    async dispose() {
      disposed = true;
      await release();
    },
  };
}

/** A session that takes of its feeds what it has inputs for: a part of a network is fed as the whole. */
function fedItsOwn(session: Session, { inputs }: ModelArtifact, onDeviceLost: () => void): Session {
  const own = new Set(inputs.map(({ name }) => name));
  let gone = false;
  return {
    run: async (feeds, options) => {
      const given = Object.fromEntries(Object.entries(feeds).filter(([name]) => own.has(name)));
      try {
        return await session.run(given, options);
      } catch (error) {
        if (!gone && AnimateDiffError.isInstance(error) && error.details['reason'] === 'device-lost') {
          gone = true;
          onDeviceLost();
        }
        throw error;
      }
    },
    dispose: () => session.dispose(),
  };
}
