/** Reads under way at the same time, and bytes that they may hold. */
const most = { reads: 6, bytes: 32 * 2 ** 20 };

/** Something that is read whole. */
export interface Readable {
  readonly byteLength: number;
  read(signal?: AbortSignal): Promise<Uint8Array>;
}

/**
 * Reads one after the other, while the next ones have begun: behind a URL each read waits for the server, and hundreds of
 * small ones would wait one by one. Up to 6 reads and 32 MiB are ahead; a larger one waits for its turn.
 * @throws what a read throws; the others are told to end and have ended by then.
 */
export async function* readAhead(
  list: readonly Readable[],
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
