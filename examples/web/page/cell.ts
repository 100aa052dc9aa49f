/** A value that others look at, and hear of when it changes. */
export interface Cell<T> {
  get(): T;
  set(value: T): void;
  /** Calls back at once and after every change. */
  watch(look: (value: T) => void): void;
}

export function cell<T>(first: T): Cell<T> {
  let value = first;
  const watchers: ((value: T) => void)[] = [];
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const look of watchers) look(value);
    },
    watch(look) {
      watchers.push(look);
      look(value);
    },
  };
}
