import type { DeltaFamily, DeltaShape, PartShapes } from './delta-family.js';
import { type FactorPair, measurePair, pairMatrix } from './factor-pair.js';

const first: FactorPair = { a: 'w1a', b: 'w1b', core: 't1' };
const second: FactorPair = { a: 'w2a', b: 'w2b', core: 't2' };

/** LoHa (LyCORIS, FedPara): two low-rank matrices multiplied element by element. */
export const lohaFamily: DeltaFamily = {
  name: 'LoHa',
  measure,
  async add(into, parts, values, factor, pace) {
    const left = await pairMatrix(parts, values, first, pace);
    const right = await pairMatrix(parts, values, second, pace);
    for (let i = 0; i < into.length; i++) {
      into[i] = into[i]! + factor * left[i]! * right[i]!;
      if (i % 65536 === 0 && pace.due()) await pace.rest();
    }
  },
};

function measure(parts: PartShapes): DeltaShape {
  const left = measurePair(parts, first);
  const right = measurePair(parts, second);
  if (left.rows !== right.rows || left.columns !== right.columns)
    parts.refuse('make two matrices of different shapes', 'w1a', 'w1b', 'w2a', 'w2b');
  return left;
}
