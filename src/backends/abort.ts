/**
 * Waits for `work` until `signal` aborts. Aborting rejects at once with the signal's reason; the work itself goes
 * on, and what it gives or throws is dropped.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const settle =
      <V>(finish: (value: V) => void) =>
      (value: V): void => {
        signal.removeEventListener('abort', onAbort);
        finish(value);
      };
    work.then(settle(resolve), settle(reject));
  });
}
