import type { WeightStore } from '../weights/weight-store.js';
import { adapterError, firstOf, quoted } from './adapter-errors.js';
import type { PartShapes } from './delta-family.js';

/** The shapes of a module's tensors, with errors that name them. */
export function partShapes(
  target: string,
  keys: ReadonlyMap<string, string>,
  store: WeightStore,
): PartShapes {
  const shape = (part: string): readonly number[] | undefined => {
    const key = keys.get(part);
    return key === undefined ? undefined : store.entries.get(key)!.shape;
  };
  return {
    shape,
    need(part) {
      const found = shape(part);
      if (found) return found;
      throw adapterError(
        store.label,
        `the module ${quoted(target)} is incomplete: of its tensors there is only ${firstOf([...keys.values()])}`,
        { module: target },
      );
    },
    refuse(problem, ...wrong) {
      const tensors = wrong.flatMap((part) => keys.get(part) ?? []);
      const list = tensors.map((key) => `${quoted(key)} [${store.entries.get(key)!.shape.join(', ')}]`);
      throw adapterError(store.label, `${list.join(' and ')} ${problem}`, { tensors });
    },
  };
}
