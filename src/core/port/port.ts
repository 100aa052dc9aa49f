/**
 * Where messages go out and come in: a `Worker`, a `MessagePort` or a dedicated worker's global scope of browsers, or a
 * `Worker` or `MessagePort` of Node's `worker_threads`.
 */
export interface PortLike {
  /** Sends a message; what is in `transfer` is handed over instead of copied. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}
