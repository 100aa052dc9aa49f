import { add } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import { inferred, reshape, sliceTo } from '../shape-ops.js';
import type { Value } from '../value.js';
import { scale } from './arithmetic-rules.js';

/**
 * `value`, but only when others are there: 0 times an element of each is added. Otherwise the runtime would see that what
 * follows has been computed before, and keep it, or would compute it before it is needed.
 */
export function notBefore(g: GraphBuilder, value: Value, others: readonly Value[]): Value {
  const [first, ...rest] = others.map((other) => sliceTo(g, reshape(g, other, [inferred]), 1, 0));
  if (first === undefined) return value;
  return add(
    g,
    value,
    scale(
      g,
      rest.reduce((sum, each) => add(g, sum, each), first),
      0,
    ),
  );
}
