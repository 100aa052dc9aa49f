import type { GraphBuilder } from '../../onnx/graph.js';
import { concat, reshape, splitSizes } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';

/** Queries `[sequences, heads, queries, size]`, keys `[…, size, keys]` and values `[…, keys, size]`. */
export type HeadRows = readonly [queries: Value, keys: Value, values: Value];

/** Scores of attention that are made at once where the sizes are known: 16 MiB in float32. */
export const mostScores: number = 2 ** 22;

/**
 * Attention that is done for some heads after the others, so that only their scores are in memory.
 * @param attend Does it for rows with any leading axes, and gives those of the queries.
 * @param most Scores at once; those of one head are not cut. All are made at once where sizes are free.
 */
export function attendInPieces(
  g: GraphBuilder,
  rows: HeadRows,
  attend: (...rows: HeadRows) => Value,
  most: number = mostScores,
): Value {
  const [queries, keys] = rows;
  const [sequences, heads, length] = queries.shape;
  const each = count(length, keys.shape.at(-1));
  const all = count(sequences, heads);
  if (each === undefined || all === undefined || all * each <= most) return attend(...rows);
  const size = Math.max(1, Math.floor(most / each));
  const sizes = Array.from({ length: Math.ceil(all / size) }, (_, i) => Math.min(size, all - i * size));
  const [cutQueries, cutKeys, cutValues] = rows.map((value) =>
    splitSizes(g, reshape(g, value, [all, ...value.shape.slice(2)]), sizes, 0),
  ) as [Value[], Value[], Value[]];
  const pieces = sizes.map((_, i) => attend(cutQueries[i]!, cutKeys[i]!, cutValues[i]!));
  return reshape(g, concat(g, pieces, 0), queries.shape);
}

function count(...sizes: readonly unknown[]): number | undefined {
  return sizes.every((size) => typeof size === 'number')
    ? sizes.reduce((product: number, size) => product * (size as number), 1)
    : undefined;
}
