import { AnimateDiffError } from '../core/errors.js';
import { abortable } from './abort.js';
import type {
  Backend,
  BackendCapabilities,
  CreateSessionOptions,
  ModelArtifact,
  Session,
} from './backend.js';
import { checkArtifact } from './check-artifact.js';
import type { HeldTensors } from './held-tensors.js';

/** What makes one backend different from another. */
export interface BackendParts {
  /** See {@link Backend}. */
  readonly name: string;
  /** Finds out what the device offers. Called again only when it threw. */
  probe(): Promise<BackendCapabilities>;
  /**
   * Loads a network. `signal` also aborts when the backend is disposed; what is made nevertheless is disposed here.
   */
  create(artifact: ModelArtifact, options: CreateSessionOptions): Promise<Session>;
  /** The tensors that it holds. */
  readonly held: Pick<HeldTensors<unknown>, 'hold' | 'dispose'>;
  /** Ends what sessions shared; all of them are gone by then. */
  end?(): Promise<void>;
}

/**
 * A {@link Backend} around what is particular to one: it remembers capabilities, rejects at once on an abort, and its
 * `dispose` waits for work under way, then disposes the sessions and the held tensors that are left.
 */
export function backendShell({ name, probe, create, held, end }: BackendParts): Backend {
  const open = new Set<Session>();
  const underWay = new Set<Promise<unknown>>();
  const disposal = new AbortController();
  let capabilities: Promise<BackendCapabilities> | undefined;
  let ending: Promise<void> | undefined;

  /** Lets `dispose` wait for work that its caller waits for no longer. */
  function track<T>(work: Promise<T>): Promise<T> {
    const settled = work.catch(() => undefined).finally(() => underWay.delete(settled));
    underWay.add(settled);
    return work;
  }

  function adopt(session: Session): Session {
    const own: Session = {
      run: (feeds, options) => session.run(feeds, options),
      dispose: () => session.dispose().finally(() => open.delete(own)),
    };
    open.add(own);
    return own;
  }

  async function openSession(artifact: ModelArtifact, options: CreateSessionOptions): Promise<Session> {
    checkArtifact(artifact);
    const session = adopt(await create(artifact, options));
    if (options.signal?.aborted) await session.dispose();
    options.signal?.throwIfAborted();
    return session;
  }

  return {
    contract: 'backend/1',
    name,
    capabilities: async () => {
      disposal.signal.throwIfAborted();
      capabilities ??= track(probe());
      // A device may be plugged in later: only success is remembered.
      capabilities.catch(() => {
        capabilities = undefined;
      });
      return abortable(capabilities, disposal.signal);
    },
    createSession: async (artifact, options = {}) => {
      const signal = AbortSignal.any([disposal.signal, ...(options.signal ? [options.signal] : [])]);
      signal.throwIfAborted();
      const work = track(openSession(artifact, { ...options, signal }));
      // An abort in the moment of success: the caller gets the reason, so nobody else would dispose this session.
      work.then(
        (session) => (signal.aborted ? session.dispose() : undefined),
        () => undefined,
      );
      return abortable(work, signal);
    },
    hold: (content) => {
      disposal.signal.throwIfAborted();
      return held.hold(content);
    },
    dispose: () => {
      disposal.abort(new AnimateDiffError('disposed', 'the backend was disposed'));
      ending ??= (async () => {
        await Promise.all(underWay);
        await Promise.all([...open].map((session) => session.dispose()));
        await held.dispose();
        await end?.();
      })();
      return ending;
    },
  };
}
