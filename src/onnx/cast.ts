import type { TensorType } from '../core/tensor.js';
import type { GraphBuilder } from './graph.js';
import { elementType } from './serialize.js';
import type { Value } from './value.js';

/** `x` as elements of another type, floats rounded to the nearest; `x` itself when it is so already. */
export function cast(g: GraphBuilder, x: Value, type: TensorType): Value {
  if (x.type === type) return x;
  return g.node({
    operator: 'Cast',
    inputs: [x],
    attributes: { to: elementType[type] },
    outputs: [{ type, shape: x.shape }],
  })[0]!;
}

/**
 * Stops with an error that names the layer when an operator is given floats of different widths: the runtime would
 * refuse the whole network without a hint.
 */
export function checkSameType(
  g: GraphBuilder,
  what: string,
  first: Value,
  ...others: readonly (Value | undefined)[]
): void {
  const odd = others.find((value) => value !== undefined && value.type !== first.type);
  if (odd !== undefined) g.fail(`${what} of ${first.type} '${first.name}' and ${odd.type} '${odd.name}'`);
}
