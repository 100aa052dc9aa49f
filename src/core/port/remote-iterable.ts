import type { Endpoint } from './port-calls.js';
import type { IterableCalls, IterableId } from './port-iterables.js';

/** What {@link remoteIterable} needs. */
export interface RemoteIterableRequest {
  readonly endpoint: Pick<Endpoint<IterableCalls>, 'call'>;
  /** Unique among the iterables of this endpoint. */
  readonly id: IterableId;
  /** Asks the other side to offer it. */
  open(): Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads an iterable of the other side. The next item is made when it is asked for. Leaving the loop waits until the other
 * side has let go of what it held; an abort rejects at once with the signal's reason.
 */
export async function* remoteIterable({
  endpoint,
  id,
  open,
  signal,
}: RemoteIterableRequest): AsyncGenerator<unknown, void, undefined> {
  signal?.throwIfAborted();
  let over = false;
  try {
    await open();
    for (;;) {
      const { done, value } = await endpoint.call('next', id, { signal });
      over = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!over) {
      // Those who threw or aborted do not wait.
      const left = endpoint.call('leave', id).catch(() => undefined);
      if (signal?.aborted !== true) await left;
    }
  }
}
