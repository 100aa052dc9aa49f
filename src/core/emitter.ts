import { EventEmitter } from 'eventemitter3';

/** Sends events to listeners; `Events` names each event and its arguments. */
export interface Emitter<Events extends Record<string, readonly unknown[]>> {
  /**
   * Listens. Listeners are called in the order they were added; one that is added while an event is sent hears the next.
   * @returns A function that stops listening, at once: also for an event that is being sent. Calling it again does nothing.
   */
  on<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): () => void;
  /** Tells every listener. One that throws does not stop the others or the caller: its error is reported globally. */
  emit<K extends keyof Events & string>(event: K, ...args: Events[K]): void;
  /** Forgets all listeners. */
  clear(): void;
}

/** Makes a typed emitter. */
export function typedEmitter<Events extends Record<string, readonly unknown[]>>(): Emitter<Events> {
  const emitter = new EventEmitter<string>();
  // The library goes on calling the listeners it began with, so those removed meanwhile have to be held back here.
  const active = new Set<(...args: unknown[]) => void>();
  return {
    on(event, listener) {
      const guarded = (...args: unknown[]): void => {
        if (!active.has(guarded)) return;
        try {
          listener(...(args as unknown as Events[typeof event]));
        } catch (error) {
          reportUncaught(error);
        }
      };
      active.add(guarded);
      emitter.on(event, guarded);
      return () => {
        active.delete(guarded);
        emitter.off(event, guarded);
      };
    },
    emit(event, ...args) {
      emitter.emit(event, ...args);
    },
    clear() {
      active.clear();
      emitter.removeAllListeners();
    },
  };
}

/** As a browser reports an error of an event listener: visible, and without stopping who dispatched the event. */
function reportUncaught(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
