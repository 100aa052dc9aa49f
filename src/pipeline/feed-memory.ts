import type { Backend, HeldTensor, TensorForm } from '../backends/backend.js';
import type { Tensor } from '../core/tensor.js';

/** What many runs of a network are fed, kept where it runs. */
export interface FeedMemory {
  /**
   * The tensors of a slot as held ones: made and sent when `key` has other members than in the last call, in place of those of
   * before.
   * @param key Values and objects that together determine the tensors, compared by identity.
   * @param make Gives tensors whose buffers may be taken away.
   */
  keep<Name extends string>(
    slot: string,
    key: readonly unknown[],
    make: () => Readonly<Record<Name, Tensor>>,
  ): Record<Name, HeldTensor>;
  /** Room for an output. Dispose it when it is of no use any more; otherwise it goes with the memory. */
  place(form: TensorForm): HeldTensor;
  /** Frees all, as soon as no run uses it. Nothing can be kept afterwards. */
  dispose(): void;
}

interface Slot {
  readonly key: readonly unknown[];
  readonly tensors: Readonly<Record<string, HeldTensor>>;
}

/** A memory of the tensors that `hold` makes. */
export function feedMemory(hold: NonNullable<Backend['hold']>): FeedMemory {
  const slots = new Map<string, Slot>();
  const places: HeldTensor[] = [];
  const free = (tensors: Iterable<HeldTensor>): void => {
    for (const tensor of tensors) tensor.dispose();
  };
  return {
    keep<Name extends string>(
      name: string,
      key: readonly unknown[],
      make: () => Readonly<Record<Name, Tensor>>,
    ) {
      const before = slots.get(name);
      if (before && before.key.length === key.length && key.every((each, at) => each === before.key[at])) {
        return before.tensors as Record<Name, HeldTensor>;
      }
      slots.delete(name);
      // First out, then in: these may be a hundred megabytes.
      free(Object.values(before?.tensors ?? {}));
      const tensors = Object.fromEntries(
        Object.entries<Tensor>(make()).map(([each, tensor]) => [each, hold(tensor)]),
      );
      slots.set(name, { key, tensors });
      return tensors as Record<Name, HeldTensor>;
    },
    place(form) {
      const place = hold(form);
      places.push(place);
      return place;
    },
    dispose() {
      for (const { tensors } of slots.values()) free(Object.values(tensors));
      free(places.splice(0));
      slots.clear();
    },
  };
}
