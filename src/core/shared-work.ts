/** Work that many callers wait for and that is done once. */
export interface SharedWork<T> {
  /**
   * The result; begins the work unless it is under way or done. A caller's signal ends the work when it was that caller
   * who began it, and otherwise only the waiting.
   */
  get(signal: AbortSignal | undefined): Promise<T>;
  /** Lets go of the result, so that the next caller begins anew. */
  forget(): void;
}

/** Shares `work` among callers. A failure is the failure of the caller who began: the others try themselves. */
export function sharedWork<T>(work: (signal: AbortSignal | undefined) => Promise<T>): SharedWork<T> {
  let done: { readonly result: T } | undefined;
  let doing: Promise<void> | undefined;

  async function attempt(signal: AbortSignal | undefined): Promise<void> {
    try {
      done = { result: await work(signal) };
    } finally {
      doing = undefined;
    }
  }

  return {
    get: async (signal) => {
      for (;;) {
        signal?.throwIfAborted();
        if (done !== undefined) return done.result;
        if (doing === undefined) {
          doing = attempt(signal);
          await doing;
        } else {
          await settledOrAborted(doing, signal);
        }
      }
    },
    forget: () => {
      done = undefined;
    },
  };
}

async function settledOrAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const settled = work.catch(() => {});
  if (signal === undefined) return settled;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([settled, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
