import { AnimateDiffError } from '../../core/errors.js';
import type { Tensor } from '../../core/tensor.js';
import type { Backend, Feed, HeldTensor } from '../backend.js';
import type { BackendCalls, HeldId } from './backend-calls.js';

/** The worker's side of tensors that its backend holds for the page. */
export interface ServedTensors {
  hold(request: BackendCalls['hold']['request']): Promise<undefined>;
  drop(request: HeldId): Promise<undefined>;
  /** @throws `disposed` for numbers that stand for nothing. */
  feeds(feeds: Readonly<Record<string, Tensor | HeldId>>): Record<string, Feed>;
  /** @throws `disposed` for numbers that stand for nothing. */
  targets(into: Readonly<Record<string, HeldId>>): Record<string, HeldTensor>;
}

/** Tensors that `backend` holds, by the page's numbers. */
export function servedTensors(backend: Backend): ServedTensors {
  const held = new Map<number, HeldTensor>();
  const tensorOf = ({ held: id }: HeldId): HeldTensor => {
    const found = held.get(id);
    if (found === undefined) throw new AnimateDiffError('disposed', 'a held tensor was disposed');
    return found;
  };
  return {
    hold: async ({ held: id, content }) => {
      if (backend.hold === undefined) {
        throw new AnimateDiffError('unsupported', `${backend.name} holds no tensors`);
      }
      if (!Number.isSafeInteger(id) || held.has(id)) {
        throw new AnimateDiffError('invalid-options', 'held: expected a whole number that is not in use');
      }
      held.set(id, backend.hold(content));
      return undefined;
    },
    drop: async ({ held: id }) => {
      held.get(id)?.dispose();
      held.delete(id);
      return undefined;
    },
    feeds: (feeds) =>
      Object.fromEntries(
        Object.entries(feeds).map(([name, feed]) => [name, 'held' in feed ? tensorOf(feed) : feed]),
      ),
    targets: (into) => Object.fromEntries(Object.entries(into).map(([name, id]) => [name, tensorOf(id)])),
  };
}
