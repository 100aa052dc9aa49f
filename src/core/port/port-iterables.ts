import { AnimateDiffError } from '../errors.js';
import { ownCopy } from './own-copy.js';
import type { CallContext, PortHandlers } from './port-calls.js';

/** Names an iterable of the other side; chosen by who asks for it. */
export interface IterableId {
  readonly iterable: number;
}

/** The calls that iterables are read with. */
export interface IterableCalls {
  /** The next item, made when it is asked for. An abort ends the iterable. */
  next: { request: IterableId; answer: { readonly done: boolean; readonly value?: unknown } };
  /** Ends it, and waits until it has let go of what it held. */
  leave: { request: IterableId; answer: undefined };
}

/** Iterables that the other side reads item by item. */
export interface PortIterables {
  /**
   * Offers one; nothing of it is made before the first item is asked for.
   * @param start Is given the signal that ends it.
   * @throws `invalid-options` for an id that is none or is in use; `busy` when there are too many.
   */
  open(id: IterableId, start: (signal: AbortSignal) => AsyncIterable<unknown>): void;
  /** Waits until those that were ended have let go of what they held. */
  settled(): Promise<void>;
  /** Ends all. */
  abort(reason: unknown): void;
  readonly handlers: PortHandlers<IterableCalls>;
}

interface Open {
  readonly controller: AbortController;
  readonly iterator: AsyncIterator<unknown>;
}

const mostOpen = 1000;

/** Serves iterables. Arrays in items are copied and handed over: they stay the iterable's own. */
export function portIterables(): PortIterables {
  const open = new Map<number, Open>();
  const ending = new Set<Promise<unknown>>();

  function track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    ending.add(settled);
    void settled.finally(() => ending.delete(settled));
    return work;
  }

  const settled = async (): Promise<void> => {
    await Promise.all(ending);
  };

  async function next({ iterable }: IterableId, context: CallContext) {
    // An aborted one may still be on its way out, and only one may be at work.
    await settled();
    const found = open.get(iterable);
    if (found === undefined) return { done: true };
    const { controller, iterator } = found;
    const step = iterator.next();
    const onAbort = (): void => {
      controller.abort(context.signal.reason);
      void track(step);
    };
    if (context.signal.aborted) onAbort();
    context.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const { done = false, value } = await step;
      if (done) open.delete(iterable);
      if (done) return { done };
      const { copy, buffers } = ownCopy(value);
      return { done, value: context.handOver(copy, buffers) };
    } catch (error) {
      open.delete(iterable);
      throw error;
    } finally {
      context.signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    open(id, start) {
      const { iterable } = id ?? {};
      if (!Number.isSafeInteger(iterable) || open.has(iterable)) {
        throw new AnimateDiffError('invalid-options', 'iterable: expected a whole number that is not in use');
      }
      if (open.size >= mostOpen) {
        throw new AnimateDiffError('busy', `${mostOpen} iterables are open; leave some of them`);
      }
      const controller = new AbortController();
      open.set(iterable, { controller, iterator: start(controller.signal)[Symbol.asyncIterator]() });
    },
    settled,
    abort(reason) {
      for (const { controller } of open.values()) controller.abort(reason);
    },
    handlers: {
      next,
      leave: async ({ iterable }) => {
        const found = open.get(iterable);
        open.delete(iterable);
        await track(Promise.resolve(found?.iterator.return?.()));
        return undefined;
      },
    },
  };
}
