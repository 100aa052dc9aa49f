import type { GraphBuilder } from '../graph.js';
import type { Operation, Value } from '../value.js';
import { notBefore } from './order.js';

/**
 * The value that a step on the way back may use in place of one of the way forward: the value itself, or the same
 * computed again.
 * @param operation Whose step asks.
 * @param gradient What has come back as far as here.
 */
export type Recomputation = (value: Value, operation: Operation, gradient: Value) => Value;

/** Operators that only move elements; where they stand between blocks they are done again rather than kept. */
const movers: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Concat', 'Split', 'Cast']);

/**
 * Computes values of blocks again, each at most once a block.
 * @param kept What is not, although it lies in a block.
 */
export function recomputation(
  g: GraphBuilder,
  operations: readonly Operation[],
  blockOf: (path: string) => string | undefined,
  kept: Pick<ReadonlySet<Operation>, 'has'>,
): Recomputation {
  const producers = new Map(
    operations.flatMap((each) => each.outputs.map(({ name }) => [name, each] as const)),
  );
  const made = new Map<string, Value>();

  function resolve(value: Value, block: string, gradient: Value): Value {
    const producer = producers.get(value.name);
    // Inputs, weights and shapes are there anyway.
    if (producer === undefined || (value.type !== 'float32' && value.type !== 'float16')) return value;
    const key = `${block}:${value.name}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const owner = kept.has(producer) ? undefined : blockOf(producer.path);
    if (owner === block || (owner === undefined && movers.has(producer.operator))) {
      const { operator, domain, inputs, outputs, attributes } = producer;
      const again = g.node({
        operator,
        domain,
        inputs: inputs.map((input) => input && resolve(input, block, gradient)),
        outputs,
        attributes,
      });
      for (const [index, { name }] of outputs.entries()) made.set(`${block}:${name}`, again[index]!);
    } else {
      made.set(key, notBefore(g, value, [gradient]));
    }
    return made.get(key)!;
  }

  return (value, { path }, gradient) => {
    const block = blockOf(path);
    return block === undefined ? value : resolve(value, block, gradient);
  };
}
