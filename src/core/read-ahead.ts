/** How far {@link readAhead} goes. */
export interface ReadAheadLimits {
  /** Reads under way at the same time. */
  readonly reads: number;
  /** Bytes that they may hold together; a larger read waits for its turn. */
  readonly bytes: number;
}

/** Something that is read whole. */
export interface Readable {
  readonly byteLength: number;
  read(signal?: AbortSignal): Promise<Uint8Array>;
}

/**
 * Reads one after the other, while the next ones have begun: behind a URL each read waits for the server, and hundreds of
 * small ones would wait one by one.
 * @throws what a read throws; the others are told to end and have ended by then.
 */
export async function* readAhead(
  list: readonly Readable[],
  most: ReadAheadLimits,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  const all = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  const begun: Promise<Uint8Array>[] = [];
  let [next, held] = [0, 0];
  const fits = (turn: number): boolean =>
    next === turn || (next - turn < most.reads && held + list[next]!.byteLength <= most.bytes);
  try {
    for (const [turn, { byteLength }] of list.entries()) {
      for (; next < list.length && fits(turn); next++) {
        held += list[next]!.byteLength;
        const read = list[next]!.read(all);
        // Its failure is told when its turn comes.
        read.catch(() => undefined);
        begun.push(read);
      }
      yield await begun.shift()!;
      held -= byteLength;
    }
  } finally {
    left.abort();
    await Promise.allSettled(begun);
  }
}
