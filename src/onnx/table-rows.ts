import type { GraphBuilder } from './graph.js';
import { gather, reshape } from './shape-ops.js';
import type { Value } from './value.js';

/**
 * Rows of a table by index, in the indices' shape. The table may come in equal pieces along its first axis, each small
 * enough for a graphics card to bind.
 * @param indices int64.
 */
export function tableRows(g: GraphBuilder, pieces: readonly Value[], indices: Value): Value {
  const [first, ...others] = pieces;
  if (first === undefined) return g.fail('a table of no pieces');
  if (others.length === 0) return gather(g, first, indices);
  const rows = g.constant(BigInt64Array.of(BigInt(first.shape[0] as number)));
  const within = integers(g, 'Mod', indices, rows);
  const piece = reshape(g, integers(g, 'Div', indices, rows), [...indices.shape, 1]);
  return others.reduce(
    (found, table, index) => {
      const [here] = g.node({
        operator: 'Equal',
        inputs: [piece, g.constant(BigInt64Array.of(BigInt(index + 1)))],
        outputs: [{ type: 'bool', shape: piece.shape }],
      });
      const inputs = [here!, gather(g, table, within), found];
      return g.node({ operator: 'Where', inputs, outputs: [{ type: found.type, shape: found.shape }] })[0]!;
    },
    gather(g, first, within),
  );
}

function integers(g: GraphBuilder, operator: 'Mod' | 'Div', a: Value, b: Value): Value {
  return g.node({ operator, inputs: [a, b], outputs: [{ type: 'int64', shape: a.shape }] })[0]!;
}
