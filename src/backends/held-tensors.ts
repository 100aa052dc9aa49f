import { AnimateDiffError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import type { Feed, HeldTensor, TensorForm } from './backend.js';

/** A tensor that a backend holds. */
export interface Holding<Place> {
  /** Unique in its backend. */
  readonly id: number;
  readonly form: TensorForm;
  /** Its elements while they are here. */
  content: Tensor | undefined;
  /** Where it lies, once a run has brought it there. */
  place: Place | undefined;
}

/** Feeds and targets of one run, each known to be held. */
export interface Lent<Place> {
  readonly feeds: Readonly<Record<string, Tensor | Holding<Place>>>;
  readonly into: Readonly<Record<string, Holding<Place>>>;
}

/** All tensors that one backend holds. */
export interface HeldTensors<Place> {
  hold(content: Tensor | TensorForm): HeldTensor;
  /**
   * Runs work that uses held tensors: what is disposed meanwhile is freed when the work has ended.
   * @throws `disposed`; `invalid-options` for tensors of another backend, and for feeds that nothing was put into.
   */
  lend<T>(
    feeds: Readonly<Record<string, Feed>>,
    into: Readonly<Record<string, HeldTensor>> | undefined,
    work: (lent: Lent<Place>) => Promise<T>,
  ): Promise<T>;
  /** Frees all, and waits until everything is freed. */
  dispose(): Promise<void>;
}

interface Entry<Place> {
  readonly holding: Holding<Place>;
  users: number;
  disposed: boolean;
}

/** @param free Gives up the place of a tensor that no run uses any more. What it throws is of no interest. */
export function heldTensors<Place>(free: (holding: Holding<Place>) => Promise<void>): HeldTensors<Place> {
  const entries = new WeakMap<HeldTensor, Entry<Place>>();
  const live = new Set<HeldTensor>();
  const freeing = new Set<Promise<void>>();
  let nextId = 0;

  function freeIfIdle({ holding, users, disposed }: Entry<Place>): void {
    if (!disposed || users > 0) return;
    holding.content = undefined;
    const done = free(holding)
      .catch(() => undefined)
      .finally(() => freeing.delete(done));
    freeing.add(done);
  }

  function entryOf(name: string, held: HeldTensor): Entry<Place> {
    const entry = entries.get(held);
    if (entry === undefined) {
      const message = `'${name}' is held by another backend: hold it in the one that runs the network`;
      throw new AnimateDiffError('invalid-options', message);
    }
    if (entry.disposed) throw new AnimateDiffError('disposed', `'${name}': the held tensor was disposed`);
    return entry;
  }

  return {
    hold(content) {
      const { type, shape } = content;
      const form = { type, shape: [...shape] };
      const holding = {
        id: nextId++,
        form,
        content: 'data' in content ? content : undefined,
        place: undefined,
      };
      const entry: Entry<Place> = { holding, users: 0, disposed: false };
      const held: HeldTensor = {
        ...form,
        dispose: () => {
          if (entry.disposed) return;
          entry.disposed = true;
          live.delete(held);
          freeIfIdle(entry);
        },
      };
      entries.set(held, entry);
      live.add(held);
      return held;
    },
    async lend(feeds, into = {}, work) {
      const used = new Set<Entry<Place>>();
      const opened = <V extends Feed>(tensors: Readonly<Record<string, V>>, isFed: boolean) =>
        Object.fromEntries(
          Object.entries(tensors).map(([name, tensor]): [string, Tensor | Holding<Place>] => {
            if ('data' in tensor) return [name, tensor];
            const entry = entryOf(name, tensor);
            used.add(entry);
            const { holding } = entry;
            if (isFed && holding.content === undefined && holding.place === undefined) {
              const message = `'${name}': nothing was put into the held tensor that it is fed`;
              throw new AnimateDiffError('invalid-options', message);
            }
            return [name, holding];
          }),
        );
      const lent = { feeds: opened(feeds, true), into: opened(into, false) } as Lent<Place>;
      for (const entry of used) entry.users++;
      try {
        return await work(lent);
      } finally {
        for (const entry of used) {
          entry.users--;
          freeIfIdle(entry);
        }
      }
    },
    async dispose() {
      for (const held of [...live]) held.dispose();
      await Promise.all(freeing);
    },
  };
}

/** @throws `backend` unless an output is what the held tensor was made for. */
export function checkForm(
  name: string,
  found: TensorForm | undefined,
  { form }: { readonly form: TensorForm },
): void {
  const words = ({ type, shape }: TensorForm): string => `${type} [${shape.join(', ')}]`;
  const expected = words(form);
  if (found !== undefined && words(found) === expected) return;
  const got = found === undefined ? 'no such output' : words(found);
  throw new AnimateDiffError('backend', `the output '${name}' is to be held as ${expected}, got ${got}`);
}
