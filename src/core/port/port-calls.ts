import type { PortMessage } from './messages.js';

/** What is asked with a call, and what is answered. */
export interface PortCall {
  readonly request: unknown;
  readonly answer: unknown;
}

/** The calls that a side takes, by name. */
export type PortCalls<T> = { readonly [K in keyof T]: PortCall };

/** What a handler knows of its call. */
export interface CallContext {
  /** Aborts when the caller no longer waits, with its reason, and when the other side is gone. */
  readonly signal: AbortSignal;
  /** Tells the caller something before the answer; plain data. */
  emit(event: unknown): void;
  /** Returns `value`, whose buffers go over with the answer instead of being copied. */
  handOver<T>(value: T, buffers: readonly ArrayBuffer[]): T;
}

/** What answers the calls of the other side. */
export type PortHandlers<T extends PortCalls<T>> = {
  readonly [K in keyof T]: (request: T[K]['request'], context: CallContext) => Promise<T[K]['answer']>;
};

/** Options of {@link Endpoint.call}. */
export interface CallOptions {
  /** Rejects the call at once with the signal's reason, and tells the other side. */
  signal?: AbortSignal | undefined;
  /** Told of what the handler emits. What it throws rejects the call. */
  onEvent?: ((event: unknown) => void) | undefined;
  /** Buffers of the request that are handed over. */
  transfer?: readonly ArrayBuffer[] | undefined;
}

/** One side of a port: calls to the other side, and answers to its calls. */
export interface Endpoint<Theirs extends PortCalls<Theirs>> {
  /**
   * Asks and waits for the answer.
   * @throws what the other side throws, with its type; `invalid-options` for a request that cannot be sent; `backend` when
   * the other side ends before it answers; what the endpoint was closed with.
   */
  call<K extends keyof Theirs & string>(
    method: K,
    request: Theirs[K]['request'],
    options?: CallOptions,
  ): Promise<Theirs[K]['answer']>;
  /** Sends something that is no call. */
  post(message: PortMessage): void;
  /** Stops listening; calls under way and later ones reject with `error`. */
  close(error: unknown): void;
}
