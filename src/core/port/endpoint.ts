import { AnimateDiffError } from '../errors.js';
import { cannotTravel } from './cannot-travel.js';
import { type PortMessage, readMessage, stamped } from './messages.js';
import { plainError, rebuiltError } from './plain-error.js';
import type { PortLike } from './port.js';
import type { CallContext, Endpoint, PortCalls, PortHandlers } from './port-calls.js';
import { listenToPort } from './port-listener.js';

/** What an endpoint is made of. */
export interface EndpointRequest<Ours extends PortCalls<Ours>> {
  readonly port: PortLike;
  /** The other side in words, such as `the worker`. */
  readonly peer: string;
  readonly handlers: PortHandlers<Ours>;
  /** Told of greetings. */
  onGreeting?(message: Extract<PortMessage, { kind: 'ping' | 'hello' }>): void;
  /** The other side is gone; the endpoint is closed. */
  onLost?(error: AnimateDiffError): void;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
  readonly onEvent: ((event: unknown) => void) | undefined;
}

/** So many calls of the other side are served at once; a stranger could send any number. */
const mostRunning = 1000;

/** Listens to a port: answers calls, and makes them. */
export function openEndpoint<Ours extends PortCalls<Ours>, Theirs extends PortCalls<Theirs>>(
  request: EndpointRequest<Ours>,
): Endpoint<Theirs> {
  const { port, peer, handlers, onGreeting, onLost } = request;
  const waiting = new Map<number, Waiting>();
  const running = new Map<number, AbortController>();
  let nextId = 0;
  let closed: { readonly error: unknown } | undefined;
  const post = (message: PortMessage, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(stamped(message), [...transfer]);

  function close(error: unknown): void {
    if (closed !== undefined) return;
    closed = { error };
    stopListening();
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    for (const controller of running.values()) controller.abort(error);
  }

  function lost(reason: string): void {
    if (closed !== undefined) return;
    const error = new AnimateDiffError('backend', `${peer} ended: ${reason}`);
    close(error);
    onLost?.(error);
  }

  async function serve({ id, method, request }: Extract<PortMessage, { kind: 'call' }>): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    const transfer: ArrayBuffer[] = [];
    const context: CallContext = {
      signal: controller.signal,
      emit: (value) => {
        if (closed === undefined) post({ kind: 'event', id, value });
      },
      handOver: (value, buffers) => {
        transfer.push(...buffers);
        return value;
      },
    };
    try {
      if (!Object.hasOwn(handlers, method)) {
        throw new AnimateDiffError(
          'unsupported',
          `'${method.slice(0, 80)}' is no call that is answered here`,
        );
      }
      const value = await handlers[method as keyof Ours](request as never, context);
      if (closed === undefined) post({ kind: 'answer', id, value }, transfer);
    } catch (error) {
      if (closed === undefined) post({ kind: 'failure', id, error: plainError(error) });
    } finally {
      running.delete(id);
    }
  }

  function receive(data: unknown): void {
    const message = readMessage(data);
    if (message === 'other-version') lost('it has another version of animatediff-js');
    else if (message?.kind === 'ping' || message?.kind === 'hello') onGreeting?.(message);
    else if (message?.kind === 'call') accept(message);
    else if (message?.kind === 'abort') running.get(message.id)?.abort(rebuiltError(message.reason));
    else if (message !== undefined) settle(message);
  }

  function accept(message: Extract<PortMessage, { kind: 'call' }>): void {
    if (!running.has(message.id) && running.size < mostRunning) {
      void serve(message);
      return;
    }
    const error = new AnimateDiffError('busy', 'too many calls at once, or one under an id that is in use');
    post({ kind: 'failure', id: message.id, error: plainError(error) });
  }

  function settle(message: Extract<PortMessage, { kind: 'event' | 'answer' | 'failure' }>): void {
    const caller = waiting.get(message.id);
    if (message.kind === 'event') caller?.onEvent?.(message.value);
    else if (message.kind === 'answer') caller?.resolve(message.value);
    else caller?.reject(rebuiltError(message.error));
  }

  const stopListening = listenToPort(port, { message: receive, lost });

  return {
    post,
    close,
    call: (method, asked, { signal, onEvent, transfer } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        if (closed !== undefined) throw closed.error;
        const id = nextId++;
        const giveUp = (reason: unknown): void => {
          if (!waiting.has(id)) return;
          post({ kind: 'abort', id, reason: plainError(reason) });
          once(reject)(reason);
        };
        const onAbort = (): void => giveUp(signal?.reason);
        const once =
          <V>(finish: (value: V) => void) =>
          (value: V): void => {
            waiting.delete(id);
            signal?.removeEventListener('abort', onAbort);
            finish(value);
          };
        try {
          post({ kind: 'call', id, method, request: asked }, transfer);
        } catch (cause) {
          throw cannotTravel(method, asked, cause);
        }
        signal?.addEventListener('abort', onAbort, { once: true });
        waiting.set(id, {
          resolve: once(resolve as (answer: unknown) => void),
          reject: once(reject),
          onEvent: onEvent && guarded(onEvent, giveUp),
        });
      }),
  };
}

function guarded(onEvent: (event: unknown) => void, giveUp: (reason: unknown) => void) {
  return (event: unknown): void => {
    try {
      onEvent(event);
    } catch (error) {
      giveUp(error);
    }
  };
}
