import { AnimateDiffError } from '../core/errors.js';

/** Lets one thing happen at a time in a pipeline; nobody waits, the second is told. */
export interface ExclusiveLock {
  /**
   * Begins something; the function that is returned ends it.
   * @param what As in "this pipeline …".
   * @throws `busy` while something else is under way, `disposed` afterwards.
   */
  take(what: string): () => void;
  /** The same around `work`. */
  run<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** Nothing begins any more. */
  close(): void;
}

/** A lock that is free. */
export function exclusiveLock(): ExclusiveLock {
  let holder: string | undefined;
  let closed = false;
  const take = (what: string): (() => void) => {
    if (closed) throw new AnimateDiffError('disposed', 'the pipeline was disposed');
    if (holder !== undefined) {
      throw new AnimateDiffError(
        'busy',
        `this pipeline ${holder}; wait for it, abort it, or load a second pipeline`,
      );
    }
    holder = what;
    return () => {
      holder = undefined;
    };
  };
  return {
    take,
    async run(what, work) {
      const release = take(what);
      try {
        return await work();
      } finally {
        release();
      }
    },
    close() {
      closed = true;
    },
  };
}
