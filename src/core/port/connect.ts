import { AnimateDiffError } from '../errors.js';
import { openEndpoint } from './endpoint.js';
import { watchLifeLock } from './life-lock.js';
import type { PortLike } from './port.js';
import type { Endpoint, PortCalls, PortHandlers } from './port-calls.js';
import { endPort, isNodePort, isPort } from './port-listener.js';

/** A worker that serves us. */
export interface Connection<Theirs extends PortCalls<Theirs>> {
  readonly endpoint: Endpoint<Theirs>;
  /** Why nothing will come from the worker any more; `undefined` while it lives. */
  readonly lost: AnimateDiffError | undefined;
  /**
   * Ends the worker, which gives its memory back; calls under way reject with `error`.
   * @param farewell Asks it to let go of everything. Left out for a browser's worker, which can be ended at any moment; one
   * of Node cannot while it computes: that would end the process.
   */
  end(error: unknown, farewell: () => Promise<unknown>): Promise<void>;
}

/** What {@link connect} needs. */
export interface ConnectRequest<Ours extends PortCalls<Ours>> {
  /** A port, or a function that starts a worker. It is ended here when there is no connection. */
  readonly worker: PortLike | (() => PortLike);
  /** What the worker has to serve. */
  readonly service: string;
  /** The function that serves it, for errors. */
  readonly server: string;
  readonly handlers: PortHandlers<Ours>;
  readonly signal?: AbortSignal | undefined;
}

/** A worker that has not called its serving function by then never will; loading its file is part of that time. */
const startTimeoutMs = 60_000;

/**
 * Waits until a worker says what it serves.
 * @throws `invalid-options` for what is no worker, or one that serves something else; `backend` when it does not start;
 * the signal's reason.
 */
export async function connect<Ours extends PortCalls<Ours>, Theirs extends PortCalls<Theirs>>(
  request: ConnectRequest<Ours>,
): Promise<Connection<Theirs>> {
  const { service, server, handlers, signal } = request;
  signal?.throwIfAborted();
  const port = started(request.worker, server);
  const watch = new AbortController();
  let lost: AnimateDiffError | undefined;
  const greeted = promised<{ readonly service: string; readonly lock?: string | undefined }>();
  const onLost = (error: AnimateDiffError): void => {
    lost ??= error;
    watch.abort();
    greeted.reject(error);
    // An error that nobody caught may have left it alive.
    if (!isNodePort(port)) void endPort(port);
  };
  const endpoint = openEndpoint<Ours, Theirs>({
    port,
    peer: 'the worker',
    handlers,
    onLost,
    onGreeting: (message) => {
      if (message.kind === 'hello') greeted.resolve(message);
    },
  });
  const onAbort = (): void => greeted.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => greeted.reject(silent(server)), startTimeoutMs);
  try {
    endpoint.post({ kind: 'ping' });
    const hello = await greeted.promise;
    if (hello.service !== service) throw wrongService(hello.service, server);
    if (hello.lock !== undefined) {
      watchLifeLock(hello.lock, watch.signal, () => {
        const error = new AnimateDiffError('backend', 'the worker ended: its thread is gone');
        endpoint.close(error);
        onLost(error);
      });
    }
  } catch (error) {
    watch.abort();
    endpoint.close(error);
    await endPort(port);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
  return {
    endpoint,
    get lost() {
      return lost;
    },
    end: async (error, farewell) => {
      watch.abort();
      const atOnce = !isNodePort(port) && 'terminate' in port;
      if (!atOnce && lost === undefined) await farewell().catch(() => undefined);
      endpoint.close(error);
      await endPort(port);
    },
  };
}

function started(worker: PortLike | (() => PortLike), server: string): PortLike {
  let port: unknown;
  try {
    port = typeof worker === 'function' ? worker() : worker;
  } catch (cause) {
    throw new AnimateDiffError('backend', `the worker could not be started: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (isPort(port)) return port;
  throw new AnimateDiffError(
    'invalid-options',
    `expected a Worker or a MessagePort whose other side calls ${server}, or a function that starts one, got ${typeof port}`,
  );
}

function silent(server: string): AnimateDiffError {
  return new AnimateDiffError(
    'backend',
    `the worker said nothing for ${startTimeoutMs / 1000} seconds: see that its file loads and calls ${server}`,
  );
}

function wrongService(found: string, server: string): AnimateDiffError {
  return new AnimateDiffError(
    'invalid-options',
    `this worker serves a ${found.slice(0, 80)}; its file has to call ${server}`,
  );
}

function promised<T>(): {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((...both) => {
    [resolve, reject] = both;
  });
  // It may be rejected while nobody waits yet, or any more.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
