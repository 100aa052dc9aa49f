import { type DeltaFamily, elementsFrom } from './delta-family.js';

/** The whole difference, as LyCORIS stores it for layers that it trains fully (`diff`) and for norms (`w_norm`). */
export const fullFamily: DeltaFamily = {
  name: 'full difference',
  measure(parts) {
    const shape = parts.need('diff');
    if (shape.length === 0) parts.refuse('must have the shape of a weight', 'diff');
    return { rows: shape[0]!, columns: elementsFrom(shape, 1), rank: undefined };
  },
  async add(into, _parts, values, factor, pace) {
    const diff = values('diff');
    for (let i = 0; i < into.length; i++) {
      into[i] = into[i]! + factor * diff[i]!;
      if (i % 65536 === 0 && pace.due()) await pace.rest();
    }
  },
};
